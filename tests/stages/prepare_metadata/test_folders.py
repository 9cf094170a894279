"""The names of folders give the diagnoses, and a table beside them may give the rest."""

import json
from pathlib import Path

import pandas as pd
import pytest

from lesions.tables.metadata import read_metadata
from tests.builders import WriteParams
from tests.preparation import prepare, write_folders


def test_folders_give_the_diagnosis_and_the_published_split(tmp_path: Path, write_params: WriteParams) -> None:
    files = (
        "Train/pigmented benign keratosis/1.jpg",
        "Train/Melanoma/1.jpg",
        "Test/melanoma/1.jpg",
        "Test/nv/deeper/2.jpg",
        "cover.jpg",
    )
    prepare(tmp_path, write_folders(tmp_path, *files, write_params=write_params))
    metadata = read_metadata(tmp_path / "metadata.csv").set_index("image_id")
    assert metadata[["diagnosis", "published_split"]].to_numpy().tolist() == [
        ["melanoma", "test"],
        ["nevus", "test"],
        ["melanoma", "train"],
        ["pigmented_benign_keratosis", "train"],
    ]
    assert metadata.index[0] == "Test/melanoma/1"
    assert json.loads((tmp_path / "data.json").read_text())["num_unlisted_files"] == 1
    unlisted = pd.read_csv(tmp_path / "rejected.csv")
    assert unlisted[["value", "reason"]].to_numpy().tolist() == [["cover.jpg", "lies in no folder of a diagnosis"]]


def test_a_table_beside_folders_adds_identifiers(tmp_path: Path, write_params: WriteParams) -> None:
    (tmp_path / "who.csv").write_text("photo,person,gender\na.jpg,P1,f\nb.jpg,P2,\nelsewhere.jpg,P3,f\n")
    layout = {"image_id": "photo", "patient_id": "person", "sex": "gender"}
    params = write_folders(
        tmp_path,
        "melanoma/a.jpg",
        "nevus/b.jpg",
        "nevus/c.jpg",
        write_params=write_params,
        table="who.csv",
        columns=layout,
        words={"sex": {"f": "female"}},
        max_rejected_fraction=0.5,
    )
    prepare(tmp_path, params)
    metadata = read_metadata(tmp_path / "metadata.csv").set_index("image_id")
    assert metadata.patient_id.to_dict() == {"melanoma/a": "P1", "nevus/b": "P2"}
    assert metadata.sex["melanoma/a"] == "female"
    rejected = pd.read_csv(tmp_path / "rejected.csv")
    assert rejected[["image_id", "reason"]].to_numpy().tolist() == [["nevus/c", "has no row in who.csv"]]


def test_files_with_the_same_name_are_matched_by_their_folders(tmp_path: Path, write_params: WriteParams) -> None:
    (tmp_path / "who.csv").write_text("photo,person\nmelanoma/1.jpg,P1\nnevus/1.jpg,P2\n")
    params = write_folders(
        tmp_path,
        "melanoma/1.jpg",
        "nevus/1.jpg",
        write_params=write_params,
        table="who.csv",
        columns={"image_id": "photo", "patient_id": "person"},
    )
    prepare(tmp_path, params)
    assert read_metadata(tmp_path / "metadata.csv").patient_id.tolist() == ["P1", "P2"]


@pytest.mark.parametrize("column", ["folder", "published_split"])
def test_a_table_may_use_the_names_of_our_columns(tmp_path: Path, write_params: WriteParams, column: str) -> None:
    (tmp_path / "who.csv").write_text(f"photo,{column}\na.jpg,P1\nb.jpg,P2\n")
    columns = {"image_id": "photo", "patient_id": column}
    files = ("melanoma/a.jpg", "nevus/b.jpg")
    prepare(
        tmp_path,
        write_folders(tmp_path, *files, write_params=write_params, table="who.csv", columns=columns),
    )
    metadata = read_metadata(tmp_path / "metadata.csv")
    assert metadata.patient_id.tolist() == ["P1", "P2"]
    assert metadata.published_split.isna().all()
