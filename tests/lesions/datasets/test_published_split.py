"""A published split by the numbers of rows is read, and what is wrong with it is named."""

from pathlib import Path

import pytest

from lesions.datasets.published_split import read_published_split
from lesions.errors import InputError

TABLES = {"train": Path("train.csv"), "test": Path("test.csv")}


def write(folder: Path, train: str, test: str) -> None:
    (folder / "train.csv").write_text(train)
    (folder / "test.csv").write_text(test)


def test_rows_are_counted_from_0(tmp_path: Path) -> None:
    # Some copies have the numbers of their own rows in front.
    write(tmp_path, "indexes\n0\n3\n", ",indexes\n0,1\n")
    assert read_published_split(tmp_path, TABLES, 5) == ["train", "test", "", "train", ""]


@pytest.mark.parametrize(
    ("test", "message"),
    [
        ("indexes\n5\n", "test.csv, line 2: expected the number of a row, from 0 to 4, got '5'"),
        ("indexes\n1\n-1\n", "test.csv, line 3: expected the number of a row, from 0 to 4, got '-1'"),
        ("indexes\n3\n", "test.csv, line 2: the row 3 is already in train"),
    ],
)
def test_a_wrong_number_is_named(tmp_path: Path, test: str, message: str) -> None:
    write(tmp_path, "indexes\n0\n3\n", test)
    with pytest.raises(InputError) as raised:
        read_published_split(tmp_path, TABLES, 5)
    assert str(raised.value) == f"{tmp_path}/{message}"


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"train\.csv: there is no such file"):
        read_published_split(tmp_path, TABLES, 5)
