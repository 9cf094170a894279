"""The groups of each diagnosis limit how narrow an interval can be."""

import numpy as np
import pandas as pd
import pytest

from lesions.evaluation.comparison import compare_models
from lesions.evaluation.estimation import estimate_metrics, measure_metrics
from lesions.evaluation.evidence import Evidence, average_evidence, list_overrated_classes
from lesions.evaluation.interval import Estimate, estimate_score
from lesions.evaluation.scores import score_predictions
from lesions.tables.predictions import Predictions
from tests.runs import build_predictions, guess, true_classes

MACRO = ("balanced_accuracy", "macro_f1", "macro_roc_auc", "mean_average_precision")
SIZES = [29, 46, 98, 3, 100, 606, 13]


def call(y_true: np.ndarray, y_pred: np.ndarray) -> Predictions:
    """Return predictions with one image per group, which are entirely sure."""
    num_classes = 1 + max(y_true.max(), y_pred.max())
    return build_predictions(y_true, 5.0 * np.eye(num_classes)[y_pred], range(len(y_true)))


def estimate(predictions: Predictions) -> dict[str, Estimate]:
    (measured,) = measure_metrics({"model": predictions}, seed=0).values()
    return {metric: estimate_score(one) for metric, one in measured.items()}


def swap_first(y_true: np.ndarray, num_mistakes: int) -> np.ndarray:
    return np.where(np.arange(len(y_true)) < num_mistakes, 1, y_true)


def test_a_perfect_mean_is_bounded_by_the_groups_of_each_diagnosis() -> None:
    y_true = np.repeat(np.arange(7), SIZES)
    estimates = estimate(call(y_true, y_true))
    for metric in MACRO:
        assert estimates[metric].low == pytest.approx(0.8908, abs=1e-4), metric
        assert estimates[metric].high == 1
    assert estimates["accuracy"].low == pytest.approx(0.025 ** (1 / 895))


@pytest.mark.parametrize(
    ("num_mistakes", "low", "high"), [(1, 0.9816, 0.9999), (2, 0.9761, 0.9992), (3, 0.9711, 0.9979)]
)
def test_few_mistakes_have_clopper_and_pearsons_interval(num_mistakes: int, low: float, high: float) -> None:
    y_true = np.repeat(np.arange(3), 100)
    estimates = estimate(call(y_true, swap_first(y_true, num_mistakes)))
    assert (estimates["accuracy"].low, estimates["accuracy"].high) == pytest.approx((low, high), abs=1e-4)
    for metric, one in estimates.items():
        assert one.low > 0.92, metric
        assert one.low < one.value < one.high <= 1, metric


def test_one_mistake_among_20_images_of_one_diagnosis() -> None:
    y_true = np.zeros(20, dtype=int)
    one = estimate(call(y_true, swap_first(y_true, 1)))["balanced_accuracy"]
    assert (one.value, one.low, one.high) == pytest.approx((0.95, 0.7513, 0.9987), abs=1e-4)


def test_a_mean_score_near_1_is_not_surer_than_the_rarest_diagnosis_allows() -> None:
    """One nevus of 606 is ranked among the melanomas; three dermatofibromas are the first of their class."""
    y_true = np.repeat(np.arange(7), SIZES)
    y_pred = y_true.copy()
    y_pred[300] = 0
    for metric, share in (("macro_f1", 0.85), ("macro_roc_auc", 0.25), ("mean_average_precision", 1.0)):
        one = estimate(call(y_true, y_pred))[metric]
        unseen = share * (1 - 0.025 ** (1 / 3)) / 7
        assert one.low < one.value - unseen, metric


def test_what_one_answer_for_all_images_scores_by_construction_has_no_interval() -> None:
    y_true = np.repeat(np.arange(7), SIZES)
    prior = np.tile(np.log(np.array(SIZES) / sum(SIZES)), (len(y_true), 1))
    estimates = estimate(build_predictions(y_true, prior, range(len(y_true))))
    for metric, value in (("balanced_accuracy", 1 / 7), ("macro_roc_auc", 0.5), ("mean_average_precision", 1 / 7)):
        one = estimates[metric]
        assert (one.value, one.low, one.high) == pytest.approx((value, value, value)), metric
    assert estimates["accuracy"].high - estimates["accuracy"].low > 0.05


def test_one_answer_for_a_single_diagnosis_has_an_interval() -> None:
    y_true = np.zeros(20, dtype=int)
    assert estimate(call(y_true, y_true))["balanced_accuracy"].low == pytest.approx(0.8316, abs=1e-4)


@pytest.mark.parametrize("skill", [0.5, 2.0, 6.0])
def test_contributions_add_up_to_the_value(skill: float) -> None:
    y_true = true_classes(90)
    predictions = build_predictions(y_true, guess(y_true, skill))
    values = score_predictions(y_true, predictions.y_prob)
    for metric, measured in measure_metrics({"model": predictions}, seed=0)["model"].items():
        assert measured.evidence
        assert measured.evidence.contributions.sum() == pytest.approx(values[metric]), metric


def compare(y_true: np.ndarray, first: np.ndarray, second: np.ndarray) -> dict[str, tuple[float, float, float]]:
    comparison = compare_models({"a": call(y_true, first), "b": call(y_true, second)}, rivals=["a", "b"])
    return {key[-1]: (one.p_value, one.low, one.high) for key, one in comparison.differences.items()}


def test_two_groups_cannot_tell_two_models_apart() -> None:
    """One model is right on both, the other on none: exact McNemar has a p-value of 0.5."""
    y_true = np.array([0, 1])
    for metric, (p_value, low, high) in compare(y_true, y_true, 1 - y_true).items():
        assert p_value == pytest.approx(0.5), metric
        assert (low, high) == (-1, 1), metric


@pytest.mark.parametrize("others", [0, 2])
def test_two_discordant_groups_of_the_rarest_diagnosis_are_not_significant(others: int) -> None:
    """Of 18 groups, two are of the rare class, and only one model finds them; some others differ as well."""
    y_true = np.repeat([0, 1], [16, 2])
    first, second = y_true.copy(), np.zeros(18, dtype=int)
    first[: others // 2], second[others // 2 : others] = 1, 1
    for metric, (p_value, low, _) in compare(y_true, first, second).items():
        assert p_value > 0.05, metric
        assert low <= 0, metric


def test_many_discordant_groups_are_significant() -> None:
    y_true = np.repeat([0, 1], 20)
    second = np.where(np.arange(40) % 2 == 0, 1 - y_true, y_true)
    for metric, (p_value, low, high) in compare(y_true, y_true, second).items():
        assert p_value < 0.001, metric
        assert 0 < low < high <= 1, metric


def test_two_models_without_a_mistake_may_still_differ_elsewhere() -> None:
    """The same answers with other probabilities are those of another model; a model never differs from itself."""
    y_true = np.repeat([0, 1], 10)
    first = call(y_true, y_true)
    second = build_predictions(y_true, 3.0 * np.eye(2)[y_true], range(20))
    comparison = compare_models({"a": first, "b": second, "again": first}, rivals=["a", "b"])
    other = comparison.differences["a", "b", "accuracy"]
    assert (other.low, other.high) == pytest.approx((-(1 - 0.025 ** (1 / 20)), 1 - 0.025 ** (1 / 20)))
    same = comparison.differences["a", "again", "accuracy"]
    assert (same.low, same.high, same.p_value) == (0, 0, 1)


def test_the_evidence_of_several_seeds_is_their_mean() -> None:
    first, second = (Evidence(np.array([value, 0.0]), value, 0.1, True, 0.3) for value in (0.2, 0.4))
    mean = average_evidence([first, second])
    assert mean.contributions == pytest.approx([0.3, 0])
    assert (mean.below, mean.above, mean.is_exact, mean.unseen) == pytest.approx((0.3, 0.1, True, 0.3))


@pytest.mark.parametrize(
    ("precision", "sizes", "overrated"), [(0.8, [9, 2, 3], [1]), (0.8, [9, 3, 3], []), (0.9, [9, 1, 1], [])]
)
def test_a_weak_precision_is_not_trusted_with_few_groups(
    precision: float, sizes: list[int], overrated: list[int]
) -> None:
    """Each group has two images."""
    y_true = np.repeat([0, 1, 2], sizes).repeat(2)
    assert list_overrated_classes(precision, y_true, pd.Series(np.arange(len(y_true)) // 2)) == overrated


@pytest.mark.parametrize("groups", [[0] * 6, [0, 0, 0, 1, 1, 1]])
def test_the_f1_of_one_answer_is_not_certain_where_resamples_do_not_differ(groups: list[int]) -> None:
    """One group, or two alike: the class that is always called has an F1 that its share decides."""
    predictions = build_predictions(np.array([0, 1, 2] * 2), np.tile([1.0, 0.0, 0.0], (6, 1)), groups)
    found = estimate_metrics(predictions)
    for metric in ("macro_f1", "weighted_f1"):
        assert found[metric].low < found[metric].value - 0.1
        assert found[metric].high > found[metric].value + 0.1
    assert found["balanced_accuracy"] == Estimate(1 / 3, 1 / 3, 1 / 3)


def test_metrics_of_called_classes_are_the_same_without_rankings() -> None:
    y_true = true_classes(60)
    predictions = build_predictions(y_true, guess(y_true, 1.0))
    every = estimate_metrics(predictions)
    assert estimate_metrics(predictions, metrics=("macro_f1", "accuracy")) == {
        metric: every[metric] for metric in ("accuracy", "macro_f1")
    }
