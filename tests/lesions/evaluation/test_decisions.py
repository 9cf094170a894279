"""Malignant or benign: counts and proportions worked by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from lesions.evaluation.decisions import count_decisions, score_decisions
from lesions.evaluation.interval import Estimate
from lesions.evaluation.prevalence import estimate_predictive_values


def test_decisions_agree_with_values_worked_by_hand() -> None:
    """4 of 5 malignant and 12 of 15 benign images are called correctly; so are 4 of 7 and 12 of 13 calls."""
    malignant = np.arange(20) < 5
    called = malignant.copy()
    called[[0, 5, 6, 7]] = [False, True, True, True]
    assert list(count_decisions(malignant, called).values()) == [4, 1, 3, 12]
    estimates = score_decisions(malignant, called, pd.Series(range(20)))
    values = {name: estimate.value for name, estimate in estimates.items()}
    assert values == pytest.approx({"sensitivity": 4 / 5, "specificity": 12 / 15, "ppv": 4 / 7, "npv": 12 / 13})
    for estimate in estimates.values():
        assert 0 < estimate.low < estimate.value < estimate.high < 1


def test_a_proportion_of_one_has_the_exact_bound_with_groups_as_trials() -> None:
    malignant = np.arange(40) < 20
    estimates = score_decisions(malignant, malignant, pd.Series(np.arange(40) // 2))
    exact = binomtest(10, 10).proportion_ci(method="exact")
    assert (estimates["sensitivity"].low, estimates["sensitivity"].high) == pytest.approx((exact.low, exact.high))


def test_what_is_known_without_looking_is_no_estimate() -> None:
    """Where every image is called malignant, only the share of malignant ones among them is estimated."""
    malignant = np.arange(40) < 10
    everything = np.ones(40, dtype=bool)
    estimates = score_decisions(malignant, everything, pd.Series(range(40)), calls_all=True)
    assert estimates.keys() == {"sensitivity", "specificity", "ppv"}
    assert estimates["sensitivity"] == Estimate(1, 1, 1)
    assert estimates["specificity"] == Estimate(0, 0, 0)
    assert estimates["ppv"].low < estimates["ppv"].value == 0.25 < estimates["ppv"].high
    of_stated = estimate_predictive_values(estimates["sensitivity"], estimates["specificity"], 0.02)
    assert of_stated.keys() == {"ppv"}
    assert [of_stated["ppv"].low, of_stated["ppv"].high] == pytest.approx([0.02, 0.02])
    # By chance every image is called so: another may not be.
    assert score_decisions(malignant, everything, pd.Series(range(40)))["sensitivity"].low < 1


def test_without_malignant_calls_there_is_no_ppv() -> None:
    malignant = np.arange(10) < 5
    estimates = score_decisions(malignant, np.zeros(10, dtype=bool), pd.Series(range(10)))
    assert estimates.keys() == {"sensitivity", "specificity", "npv"}
    exact = binomtest(0, 5).proportion_ci(method="exact")
    assert (estimates["sensitivity"].low, estimates["sensitivity"].high) == pytest.approx((exact.low, exact.high))
