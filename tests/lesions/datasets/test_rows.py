"""Tests that tables about the same images are joined, and refused where they name a column or an image twice."""

from pathlib import Path

import pytest

from lesions.datasets.adapter import Adapter
from lesions.datasets.columns import Column
from lesions.datasets.rows import read_rows
from lesions.errors import InputError
from lesions.tables.index import build_index

COLUMNS = {"image_id": Column("photo"), "diagnosis": Column("finding"), "patient_id": Column("who")}
JOINED = Adapter((Path("findings.csv"), Path("patients.csv")), COLUMNS)


def write(folder: Path, findings: str, patients: str) -> None:
    (folder / "findings.csv").write_text(findings)
    (folder / "patients.csv").write_text(patients)


def test_two_tables_are_joined_by_the_image_whatever_separates_their_cells(tmp_path: Path) -> None:
    write(tmp_path, "finding,photo,note\nnevus,a.jpg,1\nmelanoma,b,2\n", "sep=;\n Photo;WHO;note\nb.png;P2;3\n")
    rows = read_rows(tmp_path, JOINED, build_index([]), only_photographs=True)
    assert rows.cells.fillna("-").reset_index().to_numpy().tolist() == [
        [2, "a", "nevus", "-"],
        [3, "b", "melanoma", "P2"],
    ]
    assert rows.notes == [
        "patients.csv: columns that are read under another spelling: ' Photo' as photo, 'WHO' as who"
    ]


@pytest.mark.parametrize(
    ("findings", "patients", "message"),
    [
        (
            "photo,finding,who\na,nevus,P1\n",
            "photo,who\na,P2\n",
            "patients.csv: the column who is also in another table",
        ),
        (
            "photo,finding\na,nevus\n",
            "photo,who, Finding\na,P1,x\n",
            "patients.csv: the column finding is also in anot",
        ),
        ("photo,finding\na,nevus\n", "photo,who,WHO\na,P1,P2\n", "patients.csv, line 1: the column who is there 2"),
        (
            "photo,finding\na,nevus\n",
            "\nphoto,who\nb,P1\n\na,P2\na.jpg,P3\n",
            "csv, line 6: the image 'a' is named twice",
        ),
        (
            "photo,finding\na,nevus\n",
            "photo,note\na,1\n",
            "the column who is missing; found photo, finding, photo, note",
        ),
        ("photo,finding\n", "photo,who\na,1\n", "findings.csv: the table has no rows"),
    ],
)
def test_tables_that_contradict_or_lack_a_column_are_refused(
    tmp_path: Path, findings: str, patients: str, message: str
) -> None:
    write(tmp_path, findings, patients)
    with pytest.raises(InputError, match=message):
        read_rows(tmp_path, JOINED, build_index([]), only_photographs=True)
