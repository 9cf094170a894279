"""Parts of the images differ as Fisher's test says, and not by the size of their groups."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import fisher_exact

from lesions.evaluation.parts import compare_parts


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
