"""Intervals agree with scipy and hand-worked values, and contain the truth as often as they claim."""

import numpy as np
import pytest
from scipy.stats import binomtest, bootstrap, norm
from scipy.stats import t as student

from benchmarks.simulate_coverage import EVEN, HAM10000, METRICS, Population, list_intervals
from lesions.evaluation.comparison import compare_models
from lesions.evaluation.estimation import measure_metrics
from lesions.evaluation.interval import Estimate, estimate_difference, estimate_score, subtract_independent
from lesions.evaluation.measurement import Measurement
from lesions.evaluation.scores import score_labels, score_predictions
from tests.runs import build_predictions, guess, true_classes

EQUAL = np.resize([0.1, -0.1], 1000)


def test_a_score_by_hand() -> None:
    """0.8 with a standard error of 0.02 is like a proportion of 0.16 / 0.0004, that is 320 of 400 images."""
    estimate = estimate_score(Measurement(0.8, np.array([0.78, 0.82] * 50), EQUAL))
    exact = binomtest(320, 400).proportion_ci()
    assert estimate.value == 0.8
    assert (estimate.low, estimate.high) == pytest.approx((exact.low, exact.high), abs=2e-4)


def test_a_difference_by_hand() -> None:
    difference = estimate_difference(Measurement(0.05, np.array([0.03, 0.07] * 50), EQUAL))
    assert (difference.low, difference.high) == pytest.approx((0.05 - 0.0392, 0.05 + 0.0392), abs=1e-4)
    assert difference.p_value == pytest.approx(2 * norm.sf(2.5), rel=0.02)


def test_few_influential_groups_widen_the_interval() -> None:
    """Of 1,000 groups 5 contribute: the squares sum to 5, their variance is 5 - 25 / 1000, and n is 50 / 4.975."""
    few = np.where(np.arange(1000) < 5, 1.0, 0.0)
    measured = Measurement(0.05, np.array([0.03, 0.07] * 50), few)
    n = 50 / 4.975
    assert measured.degrees_of_freedom == pytest.approx(n - 1)
    assert measured.standard_error == pytest.approx(0.02 * np.sqrt(n / (n - 1)))
    assert measured.reach == pytest.approx(0.02 * np.sqrt(n / (n - 1)) * student.ppf(0.975, n - 1))


def test_the_mean_of_few_values_has_students_interval() -> None:
    """The textbook t interval of a mean, except that the number of values is estimated from their influences."""
    generator = np.random.default_rng(0)
    reaches = []
    for _ in range(200):
        values = generator.normal(size=8)
        resamples = values[generator.integers(8, size=(2000, 8))].mean(axis=1)
        measured = Measurement(values.mean(), resamples, (values - values.mean()) / 8)
        reaches.append(measured.reach / (student.ppf(0.975, 7) * values.std(ddof=1) / np.sqrt(8)))
    assert np.median(reaches) == pytest.approx(1, abs=0.1)


def test_the_interval_and_the_p_value_agree() -> None:
    """A difference whose interval just touches zero has a p-value of exactly 0.05."""
    resamples = np.array([-0.02, 0.02] * 50)
    difference = estimate_difference(Measurement(Measurement(0, resamples, EQUAL).reach, resamples, EQUAL))
    assert (difference.low, difference.p_value) == pytest.approx((0, 0.05))


@pytest.mark.parametrize(("value", "low", "high"), [(0.0, 0, 1 - 0.025 ** (1 / 5)), (1.0, 0.025 ** (1 / 5), 1)])
def test_a_score_of_zero_or_one_has_clopper_and_pearsons_bound(value: float, low: float, high: float) -> None:
    """All or none of five groups are right: every resample is the same, so resamples carry no information."""
    estimate = estimate_score(Measurement(value, np.full(10, value), np.zeros(5)))
    assert [estimate.low, estimate.high] == pytest.approx([low, high])


def test_the_bias_of_the_resamples_extends_the_interval_against_it_by_hand() -> None:
    """The resamples are 0.01 higher on average than the score, which may be 0.02 too high itself."""
    plain, biased = (
        estimate_score(Measurement(0.8, np.array([0.78, 0.82] * 50) + bias, EQUAL)) for bias in (0, 0.01)
    )
    assert (biased.low, biased.high) == pytest.approx((plain.low - 0.02, plain.high))


def test_a_difference_never_leaves_the_range_of_differences() -> None:
    difference = estimate_difference(Measurement(0.95, np.array([0.75, 1.15] * 50), EQUAL))
    assert difference.low == pytest.approx(0.95 - 0.392, abs=1e-3)
    assert difference.high == 1


def test_few_groups_do_not_give_a_score_from_0_to_1() -> None:
    """One group contributes, but Student's quantile is that of four degrees of freedom, 2.78, not of one, 12.7."""
    one = np.where(np.arange(300) < 1, 1.0, 0.0)
    measured = Measurement(0.99, np.array([0.98, 1.0] * 50), one)
    assert measured.reach == pytest.approx(0.01 * np.sqrt(5 / 4) * student.ppf(0.975, 4))
    estimate = estimate_score(measured)
    assert 0.85 < estimate.low < estimate.high <= 1


def test_an_independent_difference_by_hand() -> None:
    """Below: from 0.9 down to 0.8, and from 0.7 up to 0.775; above: 0.04 and 0.03."""
    difference = subtract_independent(Estimate(0.9, 0.8, 0.94), Estimate(0.7, 0.67, 0.775))
    assert (difference.value, difference.low, difference.high) == pytest.approx((0.2, 0.2 - 0.125, 0.2 + 0.05))


def test_an_independent_difference_of_two_perfect_scores_is_not_certain() -> None:
    perfect = Estimate(1, 0.8, 1)
    assert vars(subtract_independent(perfect, perfect)) == pytest.approx({"value": 0, "low": -0.2, "high": 0.2})


def test_the_standard_error_is_scipys() -> None:
    y_true = true_classes(200)
    predictions = build_predictions(y_true, guess(y_true, 1.5))
    measured = measure_metrics({"model": predictions}, seed=0)["model"]
    for metric in ("accuracy", "balanced_accuracy", "macro_f1"):
        expected = bootstrap(
            (y_true, predictions.y_pred),
            lambda truth, guesses, metric=metric: score_labels(truth, guesses, 3)[metric],
            paired=True,
            vectorized=False,
            n_resamples=2000,
            method="percentile",
            rng=1,
        )
        assert measured[metric].standard_error == pytest.approx(expected.standard_error, rel=0.08)


def test_doubling_every_image_within_its_group_narrows_no_interval() -> None:
    y_true, groups = true_classes(120), np.arange(120) // 2
    logits = {"a": guess(y_true, 1.5), "b": guess(y_true, 1.5, seed=4)}
    once = {name: build_predictions(y_true, side, groups) for name, side in logits.items()}
    twice = {
        name: build_predictions(y_true.repeat(2), side.repeat(2, axis=0), groups.repeat(2))
        for name, side in logits.items()
    }
    before, after = (compare_models(predictions, rivals=["a", "b"]) for predictions in (once, twice))
    for key, difference in before.differences.items():
        assert vars(after.differences[key]) == pytest.approx(vars(difference)), key
    for key, estimate in before.scores.items():
        # Images that differ by chance more than independent ones would count as independent, and their copies do not.
        assert vars(after.scores[key]) == pytest.approx(vars(estimate), abs=0.01), key


def test_intervals_over_groups_contain_the_truth_and_those_over_images_do_not() -> None:
    """There are 60 patients with 8 images; the model's accuracy on a patient is uniform from 0 to 1."""
    held = {"group": 0, "image": 0}
    for number in range(150):
        generator = np.random.default_rng(number)
        hits = generator.random((60, 8)) < generator.random((60, 1))
        logits = np.where(hits.reshape(-1, 1), [1.0, 0.0, -9.0], [0.0, 1.0, -9.0])
        for unit, groups in (("group", np.arange(480) // 8), ("image", np.arange(480))):
            predictions = build_predictions(np.zeros(480, dtype=int), logits, groups)
            measured = measure_metrics({"model": predictions}, seed=0, num_resamples=50)["model"]
            estimate = estimate_score(measured["accuracy"])
            held[unit] += estimate.low <= 0.5 <= estimate.high
    # Of 150 intervals with 95 % coverage, fewer than 134 contain the truth with a probability of 0.1 %.
    assert held["group"] >= 134
    assert held["image"] < 120


STRONG = Population(HAM10000, 0, 0.6, 4.0, EVEN, mixed=0.15, tail_df=5)


@pytest.fixture(scope="module")
def misses() -> np.ndarray:
    """Count the intervals of 60 test sets of 104 groups that miss the truth: ours and the percentile intervals."""
    everything = STRONG.draw(20_000, np.random.default_rng(0))
    truth = score_predictions(everything.y_true, everything.y_prob)
    missed = np.zeros((2, len(METRICS)), dtype=int)
    for number in range(60):
        for column, metric, estimates in list_intervals(STRONG.draw(104, np.random.default_rng([1, number]))):
            if column < len(METRICS):
                missed[:, column] += [not one.low <= truth[metric] <= one.high for one in estimates]
    return missed


@pytest.mark.parametrize("column", range(len(METRICS)), ids=METRICS)
def test_a_strong_models_intervals_contain_the_truth(misses: np.ndarray, column: int) -> None:
    """Of 60 intervals with 95 % coverage, more than 8 miss the truth with a probability of 0.3 %."""
    ours, percentile = misses[:, column]
    assert ours <= 8
    assert ours <= percentile


def test_their_percentile_intervals_do_not(misses: np.ndarray) -> None:
    # Of balanced accuracy, ROC AUC and average precision.
    assert (misses[1, [1, 3, 4]] > 8).all()
