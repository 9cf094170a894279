"""Scores of resamples equal those of scoring each image as often as it was drawn."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

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


@given(predictions())
def test_a_resample_has_the_scores_of_its_images(drawn: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    y_true, y_prob, counts = drawn
    scores = score_resamples(y_true, y_prob, counts)
    assert set(scores) == set(HEADLINES)
    for row, times in enumerate(counts.T.astype(int)):
        expected = score_predictions(np.repeat(y_true, times), np.repeat(y_prob, times, axis=0))
        for metric in HEADLINES:
            assert scores[metric][row] == pytest.approx(expected.get(metric, np.nan), nan_ok=True), metric


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
