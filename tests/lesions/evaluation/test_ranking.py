"""Curves and areas equal scikit-learn's, to the last bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn import metrics

from lesions.evaluation.ranking import (
    compute_average_precision,
    compute_precision_recall_curve,
    compute_roc_area,
    compute_roc_curve,
)


@st.composite
def rankings(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Images of both sides, and their scores, some of them equal."""
    N = draw(st.integers(2, 40))
    truth = draw(arrays.arrays(bool, N).filter(lambda truth: truth.any() and not truth.all()))
    some = st.sampled_from([0.0, 0.25, 0.5, 1.0]) | st.floats(0, 1, allow_subnormal=False)
    return truth, draw(arrays.arrays(np.float64, N, elements=some))


@settings(max_examples=300, deadline=None)
@given(rankings())
def test_every_curve_and_area_is_scikit_learns(ranking: tuple[np.ndarray, np.ndarray]) -> None:
    truth, score = ranking
    false_positive_rate, sensitivity, _ = metrics.roc_curve(truth, score)
    np.testing.assert_array_equal(compute_roc_curve(truth, score), (false_positive_rate, sensitivity))
    assert compute_roc_area(truth, score) == metrics.roc_auc_score(truth, score)
    precision, recall, _ = metrics.precision_recall_curve(truth, score, drop_intermediate=True)
    # scikit-learn's last point, precision 1 at recall 0, belongs to no threshold.
    ours = compute_precision_recall_curve(truth, score)
    np.testing.assert_array_equal(ours, (precision[-2::-1], recall[-2::-1]))
    assert compute_average_precision(truth, score) == metrics.average_precision_score(truth, score)


def test_a_ranking_worked_by_hand() -> None:
    # The three of the class stand before 2, 1 and 1 of the two others; their precisions are 1, 2/3 and 3/4.
    truth, score = np.array([True, False, True, True, False]), np.array([0.9, 0.8, 0.7, 0.6, 0.1])
    assert compute_roc_area(truth, score) == pytest.approx((2 + 1 + 1) / 6)
    assert compute_average_precision(truth, score) == pytest.approx((1 + 2 / 3 + 3 / 4) / 3)


def test_equal_scores_are_worth_half() -> None:
    truth, score = np.array([True, False]), np.array([0.5, 0.5])
    assert compute_roc_area(truth, score) == 0.5
    assert compute_average_precision(truth, score) == 0.5
