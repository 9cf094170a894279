"""Small bins are joined with their neighbours, and every image stays in one."""

import numpy as np
import pytest

from lesions.evaluation.bins import merge_small_bins


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([15, 15, 15, 15], [30, 30]),
        ([20, 20, 20], [20, 20, 20]),
        ([15, 15, 15], [45]),
        ([25, 15, 30, 5], [25, 50]),
        ([3, 2], [5]),
        ([19, 1, 19, 1], [20, 20]),
    ],
)
def test_no_bin_has_fewer_images_than_20_if_there_are_as_many(sizes: list[int], expected: list[int]) -> None:
    bins = np.repeat(np.arange(len(sizes)) * 3, sizes)
    assert np.bincount(merge_small_bins(bins)).tolist() == expected
    assert (np.diff(merge_small_bins(bins)) >= 0).all()
