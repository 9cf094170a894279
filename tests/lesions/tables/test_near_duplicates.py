"""Tests of the table of pairs."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from lesions.near_duplicates.copies import pair_identical_files
from lesions.near_duplicates.parameters import NearDuplicateParameters
from lesions.tables.near_duplicates import describe_pairs, read_pairs, write_pairs
from tests.builders import metadata_table


def test_identical_files_are_paired_with_the_first() -> None:
    first, copy = pair_identical_files(pd.Series(["a", "b", "a", "c", "b", "a"]))
    assert list(zip(first, copy, strict=True)) == [(0, 2), (1, 4), (0, 5)]


def test_a_row_says_whether_the_pair_shares_identifiers_and_conflicts() -> None:
    table = metadata_table(
        ["nevus", "nevus", "melanoma", "nevus"],
        patient_id=["p", "p", None, None],
        lesion_id=["l", "m", "m", None],
    )
    pairs = describe_pairs(
        table, np.array([0, 1, 3, 2]), np.array([1, 2, 0, 3]), kind="near", hash_similarity=0.9, correlation=0.8
    )
    assert pairs.shares_identifier.tolist() == [True, True, False, False]
    assert pairs.is_conflicting.tolist() == [False, True, False, True]


def test_pairs_are_written_sorted(tmp_path: Path) -> None:
    table = metadata_table(["nevus"] * 3, image_id=["007", "1e5", "NA"])
    pairs = describe_pairs(
        table, np.array([2, 1]), np.array([1, 0]), kind="near", hash_similarity=0.9, correlation=0.8
    )
    write_pairs(tmp_path / "pairs.csv", pairs)
    pairs_read = read_pairs(tmp_path / "pairs.csv")
    assert pairs_read[["image_id", "other_image_id"]].values.tolist() == [["007", "1e5"], ["1e5", "NA"]]
    assert pairs_read.shares_identifier.dtype == pairs_read.is_conflicting.dtype == bool


@pytest.mark.parametrize("value", [0, 1.1, -0.5])
def test_a_correlation_is_above_zero_and_at_most_one(value: float) -> None:
    with pytest.raises(ValidationError, match="min_correlation"):
        NearDuplicateParameters(min_correlation=value)
