"""The score from which on an image is not like the training images, by hand."""

import numpy as np
import pandas as pd
import pytest

from lesions.exporting.acceptance import find_highest_accepted


def find(scores: list[float], share: float, groups: list[str] | None = None) -> float:
    group_id = pd.Series(groups or [f"g{n}" for n in range(len(scores))], index=range(50, 50 + len(scores)))
    return find_highest_accepted(np.array(scores, dtype=np.float32), group_id, share)


@pytest.mark.parametrize(
    ("num_groups", "share", "place"),
    [
        (19, 0.95, 19),  # 0.95 · 20 is 19, though not in binary
        (20, 0.95, 20),  # 0.95 · 21 is 19.95
        (39, 0.95, 38),
        (99, 0.95, 95),
        (9, 0.9, 9),
        (10, 0.5, 6),
        (10, 0.95, 10),  # 10.45: no group is so high, and the highest stands for it
        (1, 0.01, 1),
    ],
)
def test_it_is_that_of_the_group_at_the_share_of_one_more_group(num_groups: int, share: float, place: int) -> None:
    scores = np.random.default_rng(0).permutation(num_groups) + 1.0
    assert find(scores.tolist(), share) == place


def test_a_group_counts_once_by_its_least_accepted_image() -> None:
    # The largest of a, b and c are 5, 2 and 3; the second of three.
    assert find([1, 5, 2, 3, 1, 1], 0.5, ["a", "a", "b", "c", "c", "c"]) == 3


def test_equal_scores_are_accepted_together() -> None:
    assert find([1, 2, 2, 2], 0.5) == 2


def test_a_single_group_is_accepted() -> None:
    assert find([3, 4], 0.95, ["a", "a"]) == 4


def test_it_is_rounded_up_so_that_the_group_itself_is_accepted() -> None:
    assert find([0.12341], 0.5) == 0.1235
    assert find([2.0], 0.5) == 2.0
    scores = np.random.default_rng(0).gamma(3, 7, 2000).astype(np.float32)
    for score in scores:
        assert score <= np.float32(find([score], 0.5)) < score + 2e-4
