"""Scores of resamples equal those of scoring each image as often as it was drawn, over the same classes."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from lesions.evaluation.bootstrap import draw_resamples
from lesions.evaluation.resampled_scores import score_resamples
from lesions.evaluation.scores import score_predictions

HEADLINES = ("accuracy", "balanced_accuracy", "macro_f1", "weighted_f1", "macro_roc_auc", "mean_average_precision")


@st.composite
def predictions(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw few images, so that resamples lack classes, with coarse probabilities, so that there are ties."""
    N, K = draw(st.integers(1, 25)), draw(st.integers(2, 4))
    y_true = np.array(draw(st.lists(st.integers(0, K - 1), min_size=N, max_size=N)))
    rows = st.lists(st.integers(1, 5), min_size=K, max_size=K)
    parts = np.array(draw(st.lists(rows, min_size=N, max_size=N)), dtype=float)
    groups = draw(st.lists(st.integers(0, 8), min_size=N, max_size=N))
    counts = next(draw_resamples(pd.Series(groups), seed=draw(st.integers(0, 99)), num_resamples=5))
    return y_true, parts / parts.sum(axis=1, keepdims=True), counts


def score_each_class(y_true: np.ndarray, y_prob: np.ndarray, metric: str) -> np.ndarray:
    """Score each class against the rest, the rankings with scikit-learn, NaN where it is undefined, (K,)."""
    y_pred = y_prob.argmax(axis=1)
    scores = []
    for k, probability in enumerate(y_prob.T):
        truth, called = y_true == k, y_pred == k
        if metric == "balanced_accuracy":
            scores.append(called[truth].mean() if truth.any() else np.nan)
        elif metric == "macro_f1":
            scores.append(2 * (truth & called).sum() / (truth.sum() + called.sum()) if truth.any() else np.nan)
        else:
            compute = roc_auc_score if metric == "macro_roc_auc" else average_precision_score
            scores.append(compute(truth, probability) if 0 < truth.sum() < len(truth) else np.nan)
    return np.array(scores)


@settings(deadline=None)
@given(predictions())
def test_a_resample_has_the_scores_of_its_images(drawn: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    """A class that the resample lacks, or that alone is in it, has its score in all images."""
    y_true, y_prob, counts = drawn
    scores = score_resamples(y_true, y_prob, counts)
    assert set(scores) == set(HEADLINES)
    for row, times in enumerate(counts.T.astype(int)):
        resample = np.repeat(y_true, times), np.repeat(y_prob, times, axis=0)
        expected = score_predictions(*resample)
        for metric in set(HEADLINES) - {"accuracy", "weighted_f1"}:
            here, overall = (score_each_class(*side, metric) for side in (resample, (y_true, y_prob)))
            by_class = np.where(np.isnan(here), overall, here)[~np.isnan(overall)]
            expected[metric] = by_class.mean() if len(by_class) else np.nan
        for metric in HEADLINES:
            assert scores[metric][row] == pytest.approx(expected[metric], nan_ok=True), metric


def test_a_class_that_a_resample_lacks_keeps_its_score_by_hand() -> None:
    """One of two images of class 0 is right, that of class 1 is wrong; a resample has the first alone, twice."""
    y_prob = np.array([[0.9, 0.1], [0.1, 0.9], [0.8, 0.2]])
    scores = score_resamples(np.array([0, 0, 1]), y_prob, np.array([[2.0], [0.0], [0.0]]))
    assert scores["balanced_accuracy"] == pytest.approx([(1 + 0) / 2])


def test_a_resample_with_every_image_once_has_the_scores_of_all_images() -> None:
    generator = np.random.default_rng(0)
    y_true = generator.integers(7, size=300)
    logits = generator.normal(size=(300, 7)) + 2 * np.eye(7)[y_true]
    y_prob = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    scores = score_resamples(y_true, y_prob, np.ones((300, 1)))
    expected = score_predictions(y_true, y_prob)
    assert {metric: values[0] for metric, values in scores.items()} == pytest.approx(
        {metric: expected[metric] for metric in HEADLINES}
    )
