"""Paired differences are those of the scores, and pairing makes their intervals narrow."""

from pathlib import Path

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests  # type: ignore[import-untyped]

from lesions.errors import InputError
from lesions.evaluation.comparison import (
    Comparison,
    average_scores,
    compare_models,
    read_comparison,
    score_on_validation,
    write_comparison,
)
from lesions.evaluation.interval import Difference, Estimate
from lesions.evaluation.scores import score_predictions
from tests.runs import build_predictions, guess, true_classes

Y_TRUE = true_classes(120)
FIRST = build_predictions(Y_TRUE, guess(Y_TRUE, 1.5))
# Differs from the first on few images.
ALIKE = build_predictions(Y_TRUE, guess(Y_TRUE, 1.5) + 0.1 * guess(Y_TRUE, 0, seed=9))
OTHER = build_predictions(Y_TRUE, guess(Y_TRUE, 1.5, seed=4))


def test_values_are_the_scores_and_the_differences_between_them() -> None:
    comparison = compare_models({"first": FIRST, "other": OTHER}, rivals=["first", "other"])
    for metric, value in score_predictions(Y_TRUE, FIRST.y_prob).items():
        other = score_predictions(Y_TRUE, OTHER.y_prob)[metric]
        assert comparison.scores["first", metric].value == pytest.approx(value)
        assert comparison.differences["first", "other", metric].value == pytest.approx(value - other)
    for estimate in (*comparison.scores.values(), *comparison.differences.values()):
        assert estimate.low <= estimate.value <= estimate.high


def test_the_difference_of_similar_models_has_a_narrower_interval_than_their_scores() -> None:
    comparison = compare_models({"first": FIRST, "alike": ALIKE, "other": OTHER}, rivals=["first", "alike", "other"])
    own = comparison.scores["first", "accuracy"]
    alike = comparison.differences["first", "alike", "accuracy"]
    other = comparison.differences["first", "other", "accuracy"]
    assert alike.high - alike.low < 0.7 * (own.high - own.low)
    assert alike.high - alike.low < other.high - other.low


def test_identical_predictions_have_no_difference() -> None:
    comparison = compare_models({"first": FIRST, "again": FIRST}, rivals=["first", "again"])
    assert set(comparison.differences.values()) == {Difference(0, 0, 0, p_value=1, p_holm=1)}


def test_a_difference_between_equally_good_models_is_rarely_significant() -> None:
    """About one in twenty intervals may miss zero."""
    beyond = 0
    for seed in range(40):
        pair = {name: build_predictions(Y_TRUE, guess(Y_TRUE, 1.5, 100 * seed + n)) for n, name in enumerate("ab")}
        beyond += compare_models(pair, rivals=["a", "b"]).differences["a", "b", "accuracy"].is_beyond_noise
    # With 40 draws at 5 % each, more than 6 hits have a probability under 0.3 %.
    assert beyond <= 6


def test_a_difference_is_available_in_either_order() -> None:
    comparison = compare_models({"first": FIRST, "other": OTHER}, rivals=["first", "other"])
    there, back = comparison.subtract("first", "other", "accuracy"), comparison.subtract("other", "first", "accuracy")
    assert (there.value, there.low, there.high) == (-back.value, -back.high, -back.low)


def test_ranking_is_by_the_given_metric_and_ties_keep_their_order() -> None:
    values = {"a": (0.5, 0.9), "b": (0.7, 0.8), "c": (0.7, 0.1)}
    scores: dict[tuple[str, ...], Estimate] = {
        (model, metric): Estimate(value, value, value)
        for model, pair in values.items()
        for metric, value in zip(("accuracy", "macro_f1"), pair, strict=True)
    }
    comparison = Comparison(scores, {})
    assert comparison.rank(["a", "b", "c"], "accuracy") == ["b", "c", "a"]
    assert comparison.rank(["a", "b", "c"], "macro_f1") == ["a", "b", "c"]


def test_models_are_chosen_on_validation_and_ties_keep_their_order() -> None:
    scores: dict[tuple[str, ...], Estimate] = {(model, "accuracy"): Estimate(0.5, 0.4, 0.6) for model in "abc"}
    val: dict[tuple[str, ...], float] = {("a", "accuracy"): 0.6, ("b", "accuracy"): 0.7, ("c", "accuracy"): 0.7}
    assert Comparison(scores, {}, val).choose(["a", "b", "c"], "accuracy") == ["b", "c", "a"]
    with pytest.raises(InputError, match="the validation images do not define macro_f1, so that no model can be"):
        Comparison(scores, {}, val).choose(["a"], "macro_f1")


def test_pairs_of_references_are_not_in_the_family_of_the_models() -> None:
    """Of the pairs among a model and two references, two have the model, and their p-values are corrected for two."""
    models = {"model": FIRST, "prior": OTHER, "probe": build_predictions(Y_TRUE, guess(Y_TRUE, 1.2, seed=7))}
    leads = compare_models(models, rivals=["model"]).differences
    family = [leads["model", reference, "accuracy"] for reference in ("prior", "probe")]
    expected = multipletests([lead.p_value for lead in family], method="holm")[1]
    assert [lead.p_holm for lead in family] == pytest.approx(expected)
    outside = leads["prior", "probe", "accuracy"]
    assert outside.p_holm == outside.p_value


def test_the_mean_over_runs_has_what_all_runs_define() -> None:
    runs: list[dict[tuple[str, ...], float]] = [
        {("a", "accuracy"): 0.5, ("a", "macro_f1"): 0.1},
        {("a", "accuracy"): 0.75},
    ]
    assert average_scores(runs) == {("a", "accuracy"): 0.625}
    assert average_scores([]) == {}


def test_a_comparison_is_read_back_to_six_decimals(tmp_path: Path) -> None:
    written = compare_models(
        {"first": FIRST, "other": OTHER}, rivals=["first"], on_validation=score_on_validation({"first": ALIKE})
    )
    write_comparison(tmp_path, written)
    read = read_comparison(tmp_path)
    assert dict(read.on_validation) == pytest.approx(dict(written.on_validation), abs=1e-6)
    for before, after in ((written.scores, read.scores), (written.differences, read.differences)):
        assert before.keys() == after.keys()
        for key in before:
            values = np.array([vars(side[key])["value"] for side in (before, after)])
            assert values[0] == pytest.approx(values[1], abs=1e-6)
