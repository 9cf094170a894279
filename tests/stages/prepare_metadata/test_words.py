"""Words for diagnoses and for what is not known: nothing is merged, emptied or left out without being said."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lesions.errors import InputError
from lesions.tables.index import write_index
from lesions.tables.metadata import read_metadata
from tests.builders import TASK, WriteParams, dataset_section
from tests.preparation import index_rows, prepare, write_folders

NINE = (
    "actinic keratosis",
    "basal cell carcinoma",
    "dermatofibroma",
    "melanoma",
    "nevus",
    "pigmented benign keratosis",
    "seborrheic keratosis",
    "squamous cell carcinoma",
    "vascular lesion",
)
"""The folders of the collection of 2,357 images that the ISIC archive's users share."""

COLUMNS = {"image_id": "photo", "patient_id": "who", "diagnosis": "finding", "age_years": "age"}


def prepare_table(
    folder: Path, write_params: WriteParams, *lines: str, task: dict[str, Any] | None = None, **changes: Any
) -> pd.DataFrame:
    """Write a table with the columns photo, who, finding and age, prepare it, and return the metadata."""
    (folder / "t.csv").write_text("\n".join(["photo,who,finding,age", *lines]) + "\n")
    write_index(folder / "images.csv", index_rows([line.split(",")[0] for line in lines]))
    section = dataset_section(folder, "csv", **{"table": "t.csv", "columns": COLUMNS} | changes)
    prepare(folder, write_params(dataset=section, task=TASK | (task or {})))
    return read_metadata(folder / "metadata.csv").set_index("image_id")


def unused(folder: Path) -> list[list[Any]]:
    table = pd.read_csv(folder / "rejected.csv", dtype=str, keep_default_na=False)
    return table[["line", "kind", "column", "value", "reason"]].to_numpy().tolist()


def count(folder: Path, key: str) -> Any:
    return json.loads((folder / "data.json").read_text())[key]


def test_nine_folders_are_nine_diagnoses(
    tmp_path: Path, write_params: WriteParams, capsys: pytest.CaptureFixture[str]
) -> None:
    prepare(tmp_path, write_folders(tmp_path, *(f"{name}/1.jpg" for name in NINE), write_params=write_params))
    assert sorted(read_metadata(tmp_path / "metadata.csv").diagnosis) == [name.replace(" ", "_") for name in NINE]
    assert count(tmp_path, "merged_words") == {}
    assert "merged" not in capsys.readouterr().out


def test_folders_that_are_asked_to_be_one_diagnosis_are_said(
    tmp_path: Path, write_params: WriteParams, capsys: pytest.CaptureFixture[str]
) -> None:
    files = ["Seborrheic keratosis/1.jpg", *(f"pigmented benign keratosis/{n}.jpg" for n in range(3)), "nv/1.jpg"]
    words = {"diagnosis": dict.fromkeys(("seborrheic keratosis", "pigmented benign keratosis"), "benign_keratosis")}
    prepare(tmp_path, write_folders(tmp_path, *files, write_params=write_params, words=words))
    assert count(tmp_path, "merged_words") == {
        "benign_keratosis": {"Seborrheic keratosis": 1, "pigmented benign keratosis": 3}
    }
    shown = capsys.readouterr().out
    assert "merged: Seborrheic keratosis 1 + pigmented benign keratosis 3 → benign_keratosis\n" in shown


def test_words_may_name_a_diagnosis_that_a_list_of_the_task_has(tmp_path: Path, write_params: WriteParams) -> None:
    lines = ["a,1,Blauer Nävus,", "b,2,blue nevus,", "c,3,nv,"]
    words = {"diagnosis": {"blauer nävus": "blue_nevus"}}
    task = {"neither": ["blue_nevus"]}
    metadata = prepare_table(tmp_path, write_params, *lines, words=words, task=task)
    assert metadata.diagnosis.tolist() == ["blue_nevus", "blue_nevus", "nevus"]
    assert count(tmp_path, "merged_words") == {"blue_nevus": {"Blauer Nävus": 1, "blue nevus": 1}}


def test_a_misspelt_diagnosis_is_refused_instead_of_becoming_a_new_one(
    tmp_path: Path, write_params: WriteParams
) -> None:
    words = {"diagnosis": {"naevus": "nevis"}}
    with pytest.raises(
        InputError, match=r"^task: the data have nevis; say in task\.malignant, task\.benign or task\.n"
    ):
        prepare_table(tmp_path, write_params, "a,1,naevus,", "b,2,melanoma,", words=words)
    assert not (tmp_path / "metadata.csv").exists()


def test_the_task_malignancy_leaves_out_and_counts_what_is_neither(tmp_path: Path, write_params: WriteParams) -> None:
    lines = ["a,1,mel,", "b,2,nv,", "c,3,psoriasis,", "d,4,psoriasis,"]
    words = {"diagnosis": {"psoriasis": "psoriasis"}}
    metadata = prepare_table(
        tmp_path, write_params, *lines, words=words, task={"name": "malignancy", "neither": ["psoriasis"]}
    )
    assert metadata.index.tolist() == ["a", "b"]
    assert count(tmp_path, "num_left_out") == 2
    assert unused(tmp_path)[0] == [
        "4",
        "left_out",
        "diagnosis",
        "psoriasis",
        "the diagnosis is neither malignant nor benign (task.neither)",
    ]
    with pytest.raises(
        InputError, match=r"^task\.neither: all images of csv have diagnoses that are neither malignant nor benign$"
    ):
        neither = {"name": "malignancy", "neither": ["psoriasis"]}
        prepare_table(tmp_path, write_params, *lines[2:], words=words, task=neither)


def test_a_missing_word_of_the_age_empties_no_patient(tmp_path: Path, write_params: WriteParams) -> None:
    lines = [f"{n}_{side},{n:02d},nevus,{'09' if n == 3 else 40 + n}" for n in range(12) for side in "lr"]
    metadata = prepare_table(tmp_path, write_params, *lines, missing=["?", "09"])
    assert (metadata.patient_id["9_l"], metadata.patient_id["9_r"]) == ("09", "09")
    assert count(tmp_path, "num_patients") == 12
    assert metadata.age_years.isna().sum() == 2
    metadata = prepare_table(tmp_path, write_params, *lines, missing={"patient_id": ["09"]})
    assert metadata.patient_id.isna().tolist() == [name.startswith("9_") for name in metadata.index]
    assert metadata.age_years["3_l"] == 9


def test_a_word_that_words_define_is_not_missing(tmp_path: Path, write_params: WriteParams) -> None:
    words = {"diagnosis": {"0": "nevus", "1": "melanoma"}}
    metadata = prepare_table(tmp_path, write_params, "a,0,0,0", "b,1,1,50", words=words, missing=["?", "0"])
    assert metadata.diagnosis.tolist() == ["nevus", "melanoma"]
    assert metadata.age_years.isna().tolist() == [True, False]


@pytest.mark.parametrize(
    ("cell", "changes"),
    [
        ("", {}),
        ("  ", {}),
        ("unknown", {}),
        ("", {"missing": [""]}),
        ("", {"words": {"diagnosis": {"": "unknown"}}}),
        ("n/a", {"words": {"diagnosis": {"N/A": "unknown"}}}),
        ("n/a", {"missing": {"diagnosis": ["N/A"]}}),
    ],
)
def test_a_row_without_a_diagnosis_is_left_out_and_said(
    tmp_path: Path,
    write_params: WriteParams,
    capsys: pytest.CaptureFixture[str],
    cell: str,
    changes: dict[str, Any],
) -> None:
    """Even where its other cells would be refused; a row with a diagnosis is refused for its age alone."""
    lines = [f"a,1,{cell},430", "b,2,nevus,40", "c,3,nevus,430"]
    prepare_table(tmp_path, write_params, *lines, max_rejected_fraction=0.4, **changes)
    (left_out, refused) = unused(tmp_path)
    assert left_out == ["2", "left_out", "finding", cell, "no diagnosis is known"]
    assert refused[:4] == ["4", "refused", "age", "430"]
    assert (count(tmp_path, "num_left_out"), count(tmp_path, "num_rejected")) == (1, 1)
    shown = capsys.readouterr().out
    assert f"left out:\n  1 × finding: no diagnosis is known (first: line 2, value {cell!r})" in shown
    assert "no image is left" not in shown


def test_a_table_without_any_diagnosis_stops_the_run(tmp_path: Path, write_params: WriteParams) -> None:
    with pytest.raises(InputError, match=r"no row can be used:\n  2 × finding: no diagnosis is known"):
        prepare_table(tmp_path, write_params, "a,1,,", "b,2,unknown,")


def test_a_row_with_a_diagnosis_and_one_without_disagree_about_their_image(
    tmp_path: Path, write_params: WriteParams
) -> None:
    lines = ["a,1,,", "a,1,nevus,", "b,2,nevus,"]
    metadata = prepare_table(tmp_path, write_params, *lines, max_rejected_fraction=0.7)
    assert metadata.index.tolist() == ["b"]
    assert [row[:2] for row in unused(tmp_path) if row[1] == "refused"] == [["2", "refused"], ["3", "refused"]]


def test_a_one_hot_table_of_ones_own_is_read(tmp_path: Path, write_params: WriteParams) -> None:
    rows = ["a,1,0,0", "b,0.0,1.0,0", "c,0,0,1", "d,0,0,0", "e,,,", "f,1,1,0", "g,1,x,0", "h,0,0,1"]
    (tmp_path / "t.csv").write_text("\n".join(["photo,MEL,NV,SK", *rows]) + "\n")
    write_index(tmp_path / "images.csv", index_rows([row[0] for row in rows]))
    diagnosis = {"MEL": "melanoma", "NV": "nevus", "SK": "seborrheic_keratosis"}
    section = dataset_section(
        tmp_path,
        "csv",
        table="t.csv",
        columns={"image_id": "photo", "diagnosis": diagnosis},
        max_rejected_fraction=0.25,
    )
    prepare(tmp_path, write_params(dataset=section))
    metadata = read_metadata(tmp_path / "metadata.csv").set_index("image_id")
    assert metadata.diagnosis.to_dict() == {
        "a": "melanoma", "b": "nevus", "c": "seborrheic_keratosis", "h": "seborrheic_keratosis"
    }  # fmt: skip
    several = "expected at most one 1, and 0 in the other columns"
    assert [[row[0], row[1], row[3], row[4]] for row in unused(tmp_path)] == [
        ["5", "left_out", "", "no diagnosis is known"],
        ["6", "left_out", "MEL , NV , SK ", "no diagnosis is known"],
        ["7", "refused", "MEL 1, NV 1", several],
        ["8", "refused", "MEL 1, NV x", several],
    ]
    section["columns"]["diagnosis"] = diagnosis | {"BCC": "basal_cell_carcinoma"}
    with pytest.raises(InputError, match=r"t\.csv: the column BCC \(dataset\.columns\.diagnosis\) is missing; found"):
        prepare(tmp_path, write_params(dataset=section))


def test_all_unknown_words_are_in_the_message_that_stops_the_run(tmp_path: Path, write_params: WriteParams) -> None:
    lines = ["a,1,common nevus,", "b,2,atypical nevus,", "c,3,common nevus,", "d,4,melanoma,"]
    with pytest.raises(InputError) as caught:
        prepare_table(tmp_path, write_params, *lines)
    message = str(caught.value)
    assert "3 × finding: unknown are 'common nevus' (2 rows), 'atypical nevus' (1 rows); known are" in message
    assert '        "common nevus": FILL_IN  # 2 rows\n' in message
    assert '        "atypical nevus": FILL_IN  # 1 rows\n' in message
