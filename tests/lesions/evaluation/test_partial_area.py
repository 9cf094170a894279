"""The area above a sensitivity of 0.8 equals the challenge's formula, and its interval is of groups."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from lesions.evaluation.partial_area import (
    WIDTH,
    compute_partial_area,
    compute_partial_area_influences,
    estimate_partial_area,
)

IMAGES = st.lists(st.tuples(st.booleans(), st.integers(0, 12)), min_size=2, max_size=40).filter(
    lambda images: len({malignant for malignant, _ in images}) == 2
)


def score_as_the_challenge(malignant: np.ndarray, probability: np.ndarray) -> float:
    """The metric of ISIC 2024: labels and scores are reversed, and scikit-learn's scaling is undone."""
    scaled = roc_auc_score(1 - malignant.astype(int), -probability, max_fpr=WIDTH)
    return 0.5 * WIDTH**2 + (WIDTH - 0.5 * WIDTH**2) / (1.0 - 0.5) * (scaled - 0.5)


def split(images: list[tuple[bool, int]]) -> tuple[np.ndarray, np.ndarray]:
    malignant, scores = zip(*images, strict=True)
    return np.array(malignant), np.array(scores) / 12


@settings(deadline=None)
@given(IMAGES)
def test_it_equals_the_metric_of_the_challenge(images: list[tuple[bool, int]]) -> None:
    malignant, probability = split(images)
    assert compute_partial_area(malignant, probability) == pytest.approx(
        score_as_the_challenge(malignant, probability), abs=1e-12
    )


def test_it_is_worked_by_hand() -> None:
    """Of five malignant images, the lowest counts; it is above three of four benign ones."""
    malignant = np.array([True] * 5 + [False] * 4)
    probability = np.array([0.5, 0.6, 0.7, 0.8, 0.9, 0.1, 0.2, 0.3, 0.65])
    assert compute_partial_area(malignant, probability) == pytest.approx(0.2 * 3 / 4)


@settings(deadline=None)
@given(IMAGES)
def test_an_influence_is_the_change_by_an_image_more(images: list[tuple[bool, int]]) -> None:
    """The derivative by an image's weight: all images 2,000 times, and one of them once more."""
    malignant, probability = split(images)
    influences, times = compute_partial_area_influences(malignant, probability), 2000
    whole = compute_partial_area(malignant, probability)
    for at in (0, len(malignant) - 1):
        counts = np.full(len(malignant), times)
        counts[at] += 1
        changed = compute_partial_area(np.repeat(malignant, counts), np.repeat(probability, counts))
        # Where the border lies between two probabilities, the derivative to one side differs from that to the other.
        below = [(probability[malignant] <= score).mean() for score in probability]
        if not np.isclose(below, WIDTH).any():
            assert (changed - whole) * times == pytest.approx(influences[at], abs=2e-3)
    assert influences.sum() == pytest.approx(0, abs=1e-12)


def test_the_interval_is_wider_for_images_that_are_alike() -> None:
    generator = np.random.default_rng(0)
    malignant = np.repeat([True, False, False, False], 40)
    probability = generator.normal(malignant, 1.0)
    alone = estimate_partial_area(malignant, probability, pd.Series(range(160)))["partial_roc_auc"]
    fourfold = pd.Series(np.tile(np.arange(160), 4))
    copied = estimate_partial_area(np.tile(malignant, 4), np.tile(probability, 4), fourfold)["partial_roc_auc"]
    assert (copied.value, copied.low, copied.high) == pytest.approx((alone.value, alone.low, alone.high))
    as_if_new = estimate_partial_area(np.tile(malignant, 4), np.tile(probability, 4), pd.Series(range(640)))
    assert as_if_new["partial_roc_auc"].high < copied.high
    assert 0 < copied.low < copied.value < copied.high < WIDTH


def test_it_is_undefined_without_both_sides_and_unbounded_without_a_mistake() -> None:
    assert estimate_partial_area(np.array([True, True]), np.array([0.1, 0.2]), pd.Series([0, 1])) == {}
    perfect = estimate_partial_area(np.array([True, False]), np.array([0.9, 0.2]), pd.Series([0, 1]))
    assert perfect["partial_roc_auc"].value == WIDTH
    assert np.isnan(perfect["partial_roc_auc"].low)
