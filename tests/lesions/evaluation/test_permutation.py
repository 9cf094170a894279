"""Permuted attributes stay with their groups, and the largest difference is judged as Westfall and Young do."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import fisher_exact

from lesions.evaluation.permutation import adjust_for_largest, compare_parts, permute_groups


@pytest.mark.parametrize(("inside", "right_inside"), [(12, 3), (12, 5), (30, 16), (8, 8), (25, 14)])
def test_with_one_diagnosis_and_two_parts_it_is_fishers_test(inside: int, right_inside: int) -> None:
    """60 images, 40 of them right; the table has fixed margins in both tests."""
    part = np.arange(60) < inside
    hits = np.r_[np.arange(inside) < right_inside, np.arange(60 - inside) < 40 - right_inside]
    exact = fisher_exact([[right_inside, inside - right_inside], [40 - right_inside, 20 - inside + right_inside]])[1]
    found = compare_parts(
        hits, np.zeros(60, dtype=int), np.stack([part, ~part], axis=1), pd.Series(np.arange(60)), seed=0
    )
    # The two sides of Fisher's test are ordered by their probability, ours by their difference.
    assert found.p_value == pytest.approx(exact, abs=0.03 + 0.1 * exact)
    assert (found.p_adjusted == found.p_value).all()


def test_attributes_move_with_their_group_within_the_main_diagnosis_and_about_the_same_size() -> None:
    groups = np.repeat(np.arange(5), [3, 2, 4, 5, 1])
    diagnosis = np.array([0, 0, 1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1])
    among = diagnosis[:, None] == np.arange(2)
    seen = set()
    for source in permute_groups(groups, among, seed=0, num=200):
        for group in range(5):
            (given,) = set(groups[source[groups == group]])
            seen.add((group, int(given)))
        if groups[source[0]] == 0:  # an image of each diagnosis gets the attributes of one of the same
            assert sorted(source[:3].tolist()) == [0, 1, 2] and source[2] == 2
    # The main diagnoses are 0, 0, 1, 1, 1; group 4 has a single image.
    assert seen == {(0, 0), (0, 1), (1, 0), (1, 1), (2, 2), (2, 3), (3, 2), (3, 3), (4, 4)}


def test_the_largest_statistic_is_adjusted_for_all_and_the_next_for_the_rest() -> None:
    """Of the three permutations, one reaches 3 with its largest, and two reach 2 with the largest of the last two."""
    permuted = np.array([[4.0, 1.0, 2.5], [0.0, 2.0, 0.5], [1.0, 0.0, 0.0]])
    p_value, p_adjusted = adjust_for_largest(np.array([3.0, 0.2, 2.0]), permuted)
    assert p_value.tolist() == [2 / 4, 3 / 4, 2 / 4]
    assert p_adjusted.tolist() == [2 / 4, 3 / 4, 3 / 4]


def test_larger_groups_alone_make_no_difference() -> None:
    """One part has all groups of eight images, the other those of one: nothing can be exchanged between them."""
    sizes = np.repeat([8, 1], 20)
    group = np.repeat(np.arange(40), sizes)
    hits = (np.arange(40) % 2 == 0)[group]
    part = (np.arange(40) < 20)[group]
    diagnosis = np.zeros(len(group), dtype=int)
    found = compare_parts(hits, diagnosis, np.stack([part, ~part], axis=1), pd.Series(group), seed=0)
    assert found.difference == pytest.approx([0, 0])
    assert found.p_adjusted.min() > 0.9


def test_a_model_that_is_always_right_differs_nowhere() -> None:
    part = np.arange(40) < 20
    found = compare_parts(np.ones(40, dtype=bool), np.arange(40) % 2, part[:, None], pd.Series(np.arange(40)), seed=0)
    assert (found.difference.tolist(), found.p_adjusted.tolist()) == ([0], [1])
    assert (found.lowest_mean, found.lowest_share) == (1, 1)
