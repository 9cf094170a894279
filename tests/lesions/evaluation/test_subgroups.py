"""Subgroups have the expected images, and a planted weakness is significant while noise is not."""

import numpy as np
import pandas as pd
import pytest

from lesions.evaluation.subgroups import find_worst, list_values, score_subgroups
from lesions.tables.predictions import Predictions
from tests.runs import build_predictions, guess, true_classes

N = 600


def with_attributes(predictions: Predictions, **columns: object) -> Predictions:
    """Add metadata that is the same for all images, except for the given columns."""
    defaults: dict[str, object] = dict.fromkeys(
        ("sex", "site", "source", "diagnosis_confirmation", "fitzpatrick_type"), None
    )
    images = predictions.images.assign(**(defaults | {"age_years": np.nan} | columns))  # type: ignore[arg-type]
    return Predictions(images, predictions.classes, predictions.y_true, predictions.logits)


def two_sexes() -> np.ndarray:
    """Return four images of each sex in turn, so that both have all classes."""
    return np.where(np.arange(N) // 4 % 2, "female", "male")


def test_a_planted_weakness_is_found() -> None:
    y_true, sex = true_classes(N), two_sexes()
    logits = np.where((sex == "female")[:, None], guess(y_true, 0.5), guess(y_true, 3))
    subgroups = score_subgroups(with_attributes(build_predictions(y_true, logits), sex=sex), min_groups=20)
    by_value = {subgroup.value: subgroup for subgroup in subgroups}
    assert by_value.keys() == {"female", "male"}
    worst = find_worst(subgroups)
    assert (worst.attribute, worst.value, worst.num_images, worst.num_groups) == ("sex", "female", 300, 150)
    assert worst.difference is not None and worst.difference.is_beyond_noise
    assert worst.difference.value == pytest.approx(-by_value["male"].difference.value)  # type: ignore[union-attr]


def test_noise_is_rarely_significant_although_many_subgroups_are_scored() -> None:
    y_true = true_classes(N)
    predictions = build_predictions(y_true, guess(y_true, 1))
    marked = 0
    for seed in range(10):
        site = np.repeat(np.random.default_rng(seed).integers(10, size=N // 2), 2).astype(str)
        subgroups = score_subgroups(with_attributes(predictions, site=site), min_groups=5)
        assert len(subgroups) == 10
        marked += any(subgroup.difference and subgroup.difference.is_beyond_noise for subgroup in subgroups)
    # In each of 10 tables, a subgroup is marked by chance with a probability of 5 %.
    assert marked <= 2


def test_a_score_is_over_all_classes_and_a_difference_over_the_classes_that_both_sides_have() -> None:
    """Inside, class 0 is right in 1 of 2 images, class 1 in 2 of 2. Outside is only class 0, right in 3 of 4."""
    y_true = np.array([0, 0, 1, 1, 0, 0, 0, 0])
    y_pred = np.array([0, 2, 1, 1, 0, 0, 0, 2])
    sex = np.array(["female"] * 4 + ["male"] * 4)
    predictions = with_attributes(build_predictions(y_true, np.eye(3)[y_pred], range(8)), sex=sex)
    female, male = score_subgroups(predictions, min_groups=1)
    assert female.score.value == pytest.approx(3 / 4)
    assert male.score.value == pytest.approx(3 / 4)
    assert female.difference is not None
    assert female.difference.value == pytest.approx(1 / 2 - 3 / 4)


def test_small_subgroups_are_not_scored() -> None:
    y_true = true_classes(N)
    site = np.where(np.arange(N) < 12, "scalp", "back")
    predictions = with_attributes(build_predictions(y_true, guess(y_true, 1)), site=site)
    assert [subgroup.value for subgroup in score_subgroups(predictions, min_groups=7)] == ["back"]
    assert [subgroup.value for subgroup in score_subgroups(predictions, min_groups=6)] == ["back", "scalp"]


def test_ages_are_banded_and_values_are_named_and_ordered() -> None:
    images = pd.DataFrame(
        {
            "sex": ["female", None, "male", "female"],
            "age_years": [19.0, 20.0, np.nan, 85.0],
            "site": None,
            "source": "ham10000",
            "diagnosis_confirmation": None,
            "fitzpatrick_type": pd.array([2, 2, pd.NA, 5], dtype="Int64"),
        }
    )
    values = [(attribute, value, inside.tolist()) for attribute, value, inside in list_values(images)]
    T, F = True, False
    assert values == [
        ("sex", "female", [T, F, F, T]),
        ("sex", "male", [F, F, T, F]),
        ("sex", "unknown", [F, T, F, F]),
        ("age_years", "under 20", [T, F, F, F]),
        ("age_years", "20 to 39", [F, T, F, F]),
        ("age_years", "80 and over", [F, F, F, T]),
        ("age_years", "unknown", [F, F, T, F]),
        ("fitzpatrick_type", "2", [T, T, F, F]),
        ("fitzpatrick_type", "5", [F, F, F, T]),
        ("fitzpatrick_type", "unknown", [F, F, T, F]),
    ]
