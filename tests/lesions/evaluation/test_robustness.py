"""Losses on altered images: paired differences, and the worst of many with an interval that allows for the choice."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score

from benchmarks.simulate_robustness import judge
from lesions.evaluation.interval import estimate_difference
from lesions.evaluation.measurement import Measurement
from lesions.evaluation.robustness import (
    bound_worst,
    list_robustness_rows,
    measure_accuracy,
    measure_sensitivity,
    summarise_robustness,
)
from lesions.tables.predictions import Predictions
from lesions.transforms.conditions import CORRUPTIONS, Condition, list_conditions
from tests.runs import build_predictions, guess, true_classes

Y_TRUE = true_classes(300)
UNALTERED = build_predictions(Y_TRUE, guess(Y_TRUE, 2))
MILD, STRONG = Condition("blur", 1), Condition("blur", 5)
SIDES = (True, False, False)


def alter(skill: float, seed: int = 1) -> Predictions:
    return build_predictions(Y_TRUE, guess(Y_TRUE, skill, seed))


def score(predictions: Predictions) -> float:
    return float(balanced_accuracy_score(predictions.y_true, predictions.y_pred))


def test_a_difference_is_altered_minus_unaltered_and_the_worst_is_the_lowest() -> None:
    altered = {MILD: alter(1.9), STRONG: alter(0.3)}
    found = measure_accuracy(UNALTERED, altered)
    assert found.value == pytest.approx(score(UNALTERED))
    for change, predictions in zip(found.changes, altered.values(), strict=True):
        assert change.value == pytest.approx(score(predictions))
        assert change.difference.value == pytest.approx(score(predictions) - score(UNALTERED))
        assert change.difference.low < change.difference.value < change.difference.high
    assert found.worst.condition == STRONG
    assert found.worst_difference.value == found.changes[1].difference.value
    assert found.num_beyond_noise == 1


def test_the_sensitivity_is_the_share_of_malignant_images_that_reach_the_threshold() -> None:
    """Of ten malignant images, nine have 0.8 unaltered, of which seven keep it; the benign ones do not count."""
    y_true = np.array([0] * 10 + [1] * 10)
    found_at = np.array([0.8] * 9 + [0.1] + [0.9] * 10)
    kept = np.where(np.arange(20) < 2, 0.1, found_at)
    before, after = (
        build_predictions(y_true, np.log(np.stack([p, (1 - p) / 2, (1 - p) / 2], axis=1)), groups=range(20))
        for p in (found_at, kept)
    )
    found = measure_sensitivity(before, {MILD: after}, sides=SIDES, threshold=0.5)
    assert found.metric == "sensitivity"
    assert found.value == pytest.approx(0.9)
    assert found.worst.value == pytest.approx(0.7)
    assert found.worst.difference.value == pytest.approx(-0.2)


def test_rows_and_metrics_have_flat_names() -> None:
    altered = {MILD: alter(1.9), STRONG: alter(0.3)}
    both = [
        measure_accuracy(UNALTERED, altered),
        measure_sensitivity(UNALTERED, altered, sides=SIDES, threshold=0.4),
    ]
    rows = list_robustness_rows(both)
    assert [(row["metric"], row["corruption"], row["strength"], row["setting"]) for row in rows][::2] == [
        ("balanced_accuracy", "blur", 1, "Gaussian of 0.8 % of the side"),
        ("sensitivity", "blur", 1, "Gaussian of 0.8 % of the side"),
    ]
    assert {frozenset(row) for row in rows} == {
        frozenset(["corruption", "strength", "setting", "metric", "value", "difference", "low", "high"])
    }
    summary = summarise_robustness(both)
    assert summary["num_conditions"] == 2
    for metric, found in zip(("balanced_accuracy", "sensitivity"), both, strict=True):
        assert summary[f"unaltered_{metric}"] == found.value
        assert (summary[f"worst_{metric}_corruption"], summary[f"worst_{metric}_strength"]) == ("blur", 5)
        assert summary[f"worst_{metric}"] == found.changes[1].value
        low, value, high = (summary[f"worst_{metric}_difference{end}"] for end in ("_low", "", "_high"))
        assert low < value == found.changes[1].difference.value < high


def test_unaltered_predictions_lose_exactly_nothing() -> None:
    found = measure_accuracy(UNALTERED, {MILD: replace(UNALTERED), STRONG: replace(UNALTERED)})
    for estimate in (*(change.difference for change in found.changes), found.worst_difference):
        assert (estimate.value, estimate.low, estimate.high) == (0, 0, 0)
    assert found.num_beyond_noise == 0


def test_without_conditions_nothing_is_summarised() -> None:
    assert summarise_robustness([])["num_conditions"] == 0


def measure(value: float, spread: float, generator: np.random.Generator, num_groups: int = 400) -> Measurement:
    return Measurement(value, value + spread * generator.normal(size=20_000), np.ones(num_groups))


def test_one_condition_is_no_choice_and_many_widen_the_interval_as_the_largest_of_many_normal_draws() -> None:
    """The largest of 45 independent normal draws is below 3.25 in 95 % of cases: (2 Φ(3.25) - 1)^45 = 0.95."""
    generator = np.random.default_rng(0)
    alone = measure(-0.1, 0.02, generator)
    single = estimate_difference(alone)
    assert bound_worst([alone]).low == pytest.approx(single.low, abs=1e-3)
    many = bound_worst([alone, *(measure(0.0, 0.02, generator) for _ in range(44))])
    assert many.value == -0.1
    assert (many.value - many.low) / (single.value - single.low) == pytest.approx(3.25 / 1.96, rel=0.02)
    alike = [replace(alone, value=-0.05) for _ in range(44)]
    assert bound_worst([alone, *alike]).low == pytest.approx(single.low, abs=1e-3)


def test_where_nothing_became_worse_the_other_conditions_still_say_how_sure_that_is() -> None:
    """The first changes no prediction, and the second seems to gain: its true difference may be the lower one."""
    generator = np.random.default_rng(0)
    unchanged, gained = measure(0.0, 0.0, generator), measure(0.05, 0.02, generator)
    found = bound_worst([unchanged, gained])
    assert found.value == 0
    assert (-found.low, found.high) == pytest.approx((1.96 * 0.02, 1.96 * 0.02), rel=0.02)


def test_the_conditions_have_a_hash_of_what_was_done() -> None:
    hashes = [
        summarise_robustness([measure_accuracy(UNALTERED, dict.fromkeys(conditions, UNALTERED))])["conditions_sha256"]
        for conditions in ((MILD,), (MILD,), (STRONG,), (MILD, STRONG))
    ]
    assert hashes[0] == hashes[1]
    assert len({*hashes}) == 3


def test_the_interval_of_few_groups_is_widened_as_that_of_many() -> None:
    """Of six groups, Student's quantile makes the interval by itself wider than the resamples are."""
    generator = np.random.default_rng(0)
    alone = measure(-0.1, 0.02, generator, num_groups=6)
    many = bound_worst([alone, *(measure(0.0, 0.02, generator) for _ in range(44))])
    assert (many.value - many.low) / alone.reach == pytest.approx(3.25 / 1.96, rel=0.02)


def test_bounds_stay_between_minus_one_and_one() -> None:
    generator = np.random.default_rng(1)
    found = bound_worst([measure(-0.9, 0.3, generator), measure(0.0, 0.3, generator)])
    assert found.low == -1


@pytest.mark.slow
def test_the_interval_of_the_worst_contains_its_truth_where_its_own_does_not() -> None:
    """Without any true difference, the worst of 45 seems to lose something; more is in docs/evaluation.md."""
    truth, generator = dict.fromkeys(list_conditions(CORRUPTIONS), 0.0), np.random.default_rng(0)
    found = np.array([judge(300, 0.0, truth, generator) for _ in range(15)], dtype=float)
    covered, covered_alone, error = found.mean(axis=0)
    assert covered > 0.94 > covered_alone
    assert error < -0.05
