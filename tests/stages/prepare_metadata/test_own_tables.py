"""A table of the user's own is read as its parameters describe it."""

from pathlib import Path

import pandas as pd
import pytest

from lesions.errors import InputError
from lesions.tables.index import write_index
from lesions.tables.metadata import read_metadata
from tests.builders import WriteParams, dataset_section
from tests.preparation import index_rows, prepare


def test_a_users_own_table_is_read_by_parameters_alone(tmp_path: Path, write_params: WriteParams) -> None:
    (tmp_path / "findings.csv").write_text(
        "photo,patient,lesion,finding,age\nISIC_0.jpg,A,1,naevus,43\nISIC_1.jpg,B,1,melanoma,?\n"
    )
    write_index(tmp_path / "images.csv", index_rows(["ISIC_0", "ISIC_1"]))
    section = dataset_section(
        tmp_path,
        "csv",
        table="findings.csv",
        columns={
            "image_id": "photo",
            "patient_id": "patient",
            "lesion_id": "lesion",
            "diagnosis": "finding",
            "age_years": "age",
        },
        words={"diagnosis": {"naevus": "nevus"}},
        missing=["?"],
        lesions_by_patient=True,
    )
    prepare(tmp_path, write_params(dataset=section))
    metadata = read_metadata(tmp_path / "metadata.csv")
    assert metadata.diagnosis.tolist() == ["nevus", "melanoma"]
    assert metadata.age_years.isna().tolist() == [False, True]
    assert metadata.lesion_id.tolist() == ["A/1", "B/1"]


def test_a_table_from_a_german_spreadsheet_is_read(tmp_path: Path, write_params: WriteParams) -> None:
    rows = [
        "Foto;Befund;Alter;Geschlecht",
        "ISIC_0.jpg;Melanoma;63,5;W",
        "ISIC_1.jpg;NEVUS;7;m",
        "ISIC_2;nevus;1,2,3;",
    ]
    (tmp_path / "findings.csv").write_bytes(("\ufeff" + "\r\n".join(rows) + "\r\n").encode())
    write_index(tmp_path / "images.csv", index_rows([f"ISIC_{n}" for n in range(3)]))
    columns = {"image_id": "Foto", "diagnosis": "Befund", "age_years": "Alter", "sex": "Geschlecht"}
    words = {"sex": {"w": "female", "m": "male"}}
    section = dataset_section(
        tmp_path, "csv", table="findings.csv", columns=columns, words=words, max_rejected_fraction=0.4
    )
    prepare(tmp_path, write_params(dataset=section))
    metadata = read_metadata(tmp_path / "metadata.csv")
    assert metadata[["diagnosis", "age_years", "sex"]].to_numpy().tolist() == [
        ["melanoma", 63.5, "female"],
        ["nevus", 7.0, "male"],
    ]
    assert pd.read_csv(tmp_path / "rejected.csv")[["column", "value"]].to_numpy().tolist() == [["Alter", "1,2,3"]]


def test_lesion_numbers_are_kept_if_they_are_unique_among_patients(tmp_path: Path, write_params: WriteParams) -> None:
    """The second image has no patient, but the same lesion as the first."""
    rows = "photo,patient,lesion,finding\nISIC_0.jpg,A,7,nevus\nISIC_1.jpg,,7,nevus\nISIC_2.jpg,B,8,unknown\n"
    (tmp_path / "findings.csv").write_text(rows)
    write_index(tmp_path / "images.csv", index_rows(["ISIC_0", "ISIC_1", "ISIC_2"]))
    columns = {"image_id": "photo", "patient_id": "patient", "lesion_id": "lesion", "diagnosis": "finding"}
    section = dataset_section(tmp_path, "csv", table="findings.csv", columns=columns, max_rejected_fraction=0.0)
    prepare(tmp_path, write_params(dataset=section))
    assert read_metadata(tmp_path / "metadata.csv").lesion_id.tolist() == ["7", "7"]
    left_out = pd.read_csv(tmp_path / "rejected.csv")
    assert left_out[["line", "kind", "reason"]].to_numpy().tolist() == [[4, "left_out", "no diagnosis is known"]]
    with pytest.raises(InputError, match=r"1 × lesion: is numbered within patient, which is missing \(first: line 3"):
        prepare(tmp_path, write_params(dataset=section | {"lesions_by_patient": True}))


def test_files_with_the_same_name_are_matched_by_paths_in_the_table(
    tmp_path: Path, write_params: WriteParams
) -> None:
    """For instance, each patient has a folder; a table whose names are unique may still omit folders."""
    (tmp_path / "findings.csv").write_text("photo,finding\nP1/1.jpg,nevus\nP2\\1.jpg,melanoma\nP2/2.jpg,nevus\n")
    rows = [
        row | {"file": f"P{n}.jpg"} for row, n in zip(index_rows(["a", "b", "c"]), ("1/1", "2/1", "2/2"), strict=True)
    ]
    write_index(tmp_path / "images.csv", rows)
    columns = {"image_id": "photo", "diagnosis": "finding"}
    section = dataset_section(tmp_path, "csv", table="findings.csv", columns=columns)
    prepare(tmp_path, write_params(dataset=section))
    metadata = read_metadata(tmp_path / "metadata.csv")
    assert metadata[["image_id", "diagnosis"]].to_numpy().tolist() == [
        ["P1/1", "nevus"],
        ["P2/1", "melanoma"],
        ["P2/2", "nevus"],
    ]
