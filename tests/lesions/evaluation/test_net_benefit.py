"""Net benefit and its band, worked by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t

from lesions.evaluation.net_benefit import estimate_benefit_at, list_net_benefit

MALIGNANT = np.array([True, True, False, False])
PROBABILITY = np.array([0.9, 0.1, 0.3, 0.1])


def test_net_benefit_agrees_with_values_worked_by_hand() -> None:
    """At 0.2 the model calls 1 of 2 malignant images and 1 of 2 benign images malignant: 1/4 - 1/4 x 0.25."""
    rows = list(list_net_benefit(MALIGNANT, PROBABILITY, pd.Series(range(4))))
    at = {row["strategy"]: row["net_benefit"] for row in rows if row["threshold"] == pytest.approx(0.2)}
    assert at["the model"] == pytest.approx(1 / 4 - 1 / 4 * 0.25)
    assert at["call all malignant"] == pytest.approx(2 / 4 - 2 / 4 * 0.25)
    assert at["call none malignant"] == 0


def test_the_lead_over_calling_all_is_of_the_images_that_are_not_called() -> None:
    """Two images are not called: a malignant one, which costs 1/4, and a benign one, which saves 1/4 x 0.25."""
    found = estimate_benefit_at(MALIGNANT, PROBABILITY, pd.Series(range(4)), 0.2)
    assert found["net_benefit"].value == pytest.approx(1 / 4 - 1 / 4 * 0.25)
    assert found["net_benefit_over_all"].value == pytest.approx(-1 / 4 + 1 / 4 * 0.25)


def test_the_band_is_that_of_a_mean_over_groups() -> None:
    """50 groups of two images that are alike: the band is that of 50 images, and not of 100."""
    malignant = np.tile([True, False, False, False, False], 10)
    called = malignant.copy()
    called[[0, 1]] = [False, True]
    contributions = called & malignant
    contributions = contributions - (called & ~malignant) * 0.25
    error = contributions.std() / np.sqrt(50)
    found, twice = (
        estimate_benefit_at(
            np.repeat(malignant, images),
            np.repeat(called, images) * 0.5,
            pd.Series(np.arange(50 * images) // images),
            0.2,
        )["net_benefit"]
        for images in (1, 2)
    )
    assert found.value == pytest.approx(contributions.mean())
    assert (twice.low, twice.high) == pytest.approx((found.low, found.high))
    assert (found.high - found.low) / 2 == pytest.approx(t.ppf(0.975, 49) * error, rel=0.15)


def test_a_single_group_among_many_gives_no_absurd_band() -> None:
    """One false alarm at odds of 9: the band is that of Student's t with 4 degrees of freedom, not 1."""
    malignant = np.zeros(200, dtype=bool)
    called = np.arange(200) == 0
    found = estimate_benefit_at(malignant, called.astype(float), pd.Series(range(200)), 0.9)["net_benefit"]
    assert found.value == pytest.approx(-9 / 200)
    assert found.high - found.value < 4 * 9 / 200


@pytest.mark.parametrize("groups", [[0, 0, 0, 0], [0, 1, 1, 0]])
def test_where_groups_do_not_differ_there_is_no_band(groups: list[int]) -> None:
    """All images are called from 0.1 on: one group, or two with a malignant and a benign image each."""
    rows = list(list_net_benefit(MALIGNANT, PROBABILITY, pd.Series(groups)))
    at = {row["strategy"]: row for row in rows if row["threshold"] == pytest.approx(0.1)}
    for strategy in ("the model", "call all malignant", "call none malignant"):
        assert (at[strategy]["low"], at[strategy]["high"]) == (None, None)
    assert at["the model"]["net_benefit"] == pytest.approx(0.5 - 0.5 / 9)
