"""Permuted attributes stay with their groups, and the largest difference is judged as Westfall and Young do."""

import numpy as np

from lesions.evaluation.permutation import adjust_for_largest, permute_groups


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
