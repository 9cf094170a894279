"""Tests that the metadata table keeps its types, and that a split that does not match it is refused."""

from pathlib import Path

import pandas as pd
import pytest

from lesions.errors import InputError
from lesions.tables.csv_table import write_table
from lesions.tables.metadata import COLUMNS, read_metadata
from lesions.tables.splits import read_split_metadata
from tests.builders import metadata_table


def write(tmp_path: Path, splits: dict[str, list[str]]) -> tuple[Path, Path]:
    table = metadata_table(["nevus"] * 3, lesion_id=["007", None, "8"], perceptual_hash=["00e1", "0012", "1234"])
    write_table(tmp_path / "metadata.csv", table[COLUMNS], sort_by="image_id")
    pd.DataFrame(splits).to_csv(tmp_path / "splits.csv", index=False)
    return tmp_path / "metadata.csv", tmp_path / "splits.csv"


SPLITS = {"image_id": ["image_0000", "image_0001", "image_0002"], "group_id": ["a", "b", "c"], "split": ["train"] * 3}


def test_identifiers_and_hashes_stay_text(tmp_path: Path) -> None:
    table = read_metadata(write(tmp_path, SPLITS)[0])
    assert table.lesion_id.dropna().tolist() == ["007", "8"]
    assert table.perceptual_hash.tolist() == ["00e1", "0012", "1234"]
    assert table.row.tolist() == [0, 1, 2]
    assert table.age_years.isna().all()


def test_each_image_gets_its_group_and_split(tmp_path: Path) -> None:
    table = read_split_metadata(*write(tmp_path, SPLITS))
    assert table.group_id.tolist() == ["a", "b", "c"]
    assert table.split.tolist() == ["train"] * 3


def test_an_image_without_a_split_is_named(tmp_path: Path) -> None:
    short = {name: values[:2] for name, values in SPLITS.items()}
    with pytest.raises(
        InputError, match=r"splits.csv: image_id 'image_0002' is in only one of .* split_by_patient again"
    ):
        read_split_metadata(*write(tmp_path, short))
