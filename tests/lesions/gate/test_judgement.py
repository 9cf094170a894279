"""Each outcome of the gate, and its exit code."""

from typing import Any

import pytest

from lesions.evaluation.scores import score_predictions
from lesions.gate.judgement import Judgement, Outcome, judge_metrics
from lesions.gate.revisions import RevisionMetrics
from lesions.gate.rules import Rule
from tests.runs import build_predictions, guess, true_classes

HIGHER = Rule(direction="higher", floor=0.5, largest_drop=0.02, beyond_noise=False)
LOWER = Rule(direction="lower", floor=0.3, largest_drop=0.02, beyond_noise=False)


def revision(sha256: str | None = "aa", **models: dict[str, Any]) -> RevisionMetrics:
    return RevisionMetrics(models, sha256, digests={})


def outcomes(judgement: Judgement) -> list[Outcome]:
    return [row.outcome for row in judgement.rows]


@pytest.mark.parametrize(
    ("rule", "base", "now", "outcome", "status"),
    [
        (HIGHER, 0.70, 0.71, Outcome.BETTER, 0),
        (HIGHER, 0.70, 0.70, Outcome.UNCHANGED, 0),
        (HIGHER, 0.70, 0.69, Outcome.WORSE, 0),
        (HIGHER, 0.70, 0.68, Outcome.WORSE, 0),  # 0.7 - 0.68 is a little more than 0.02 in floating point
        (HIGHER, 0.70, 0.679999, Outcome.REGRESSION, 1),
        (HIGHER, 0.49, 0.4999, Outcome.BEYOND_FLOOR, 1),
        (HIGHER, 0.51, 0.50, Outcome.WORSE, 0),
        (LOWER, 0.20, 0.19, Outcome.BETTER, 0),
        (LOWER, 0.20, 0.20, Outcome.UNCHANGED, 0),
        (LOWER, 0.20, 0.22, Outcome.WORSE, 0),
        (LOWER, 0.20, 0.23, Outcome.REGRESSION, 1),
        (LOWER, 0.40, 0.31, Outcome.BEYOND_FLOOR, 1),
        (Rule(direction="higher", floor=None, largest_drop=0.1, beyond_noise=False), 0.2, 0.1, Outcome.WORSE, 0),
        (Rule(direction="higher", floor=0.1, largest_drop=None, beyond_noise=False), 0.9, 0.1, Outcome.WORSE, 0),
    ],
)
def test_one_metric_has_its_outcome(rule: Rule, base: float, now: float, outcome: Outcome, status: int) -> None:
    judgement = judge_metrics(revision(a={"f1": base}), revision(a={"f1": now}), {"f1": rule})
    assert outcomes(judgement) == [outcome]
    assert judgement.exit_status == status


def test_an_added_model_is_only_checked_against_the_floor() -> None:
    base, rules = revision(a={"f1": 0.9}), {"f1": HIGHER}
    judgement = judge_metrics(base, revision(a={"f1": 0.9}, b={"f1": 0.6}), rules)
    assert outcomes(judgement) == [Outcome.UNCHANGED, Outcome.ADDED]
    assert judgement.exit_status == 0
    judgement = judge_metrics(base, revision(a={"f1": 0.9}, b={"f1": 0.4}), rules)
    assert outcomes(judgement) == [Outcome.UNCHANGED, Outcome.BEYOND_FLOOR]
    assert judgement.exit_status == 1


def test_a_removed_model_is_reported_and_the_others_decide() -> None:
    judgement = judge_metrics(revision(a={"f1": 0.9}, b={"f1": 0.9}), revision(a={"f1": 0.9}), {"f1": HIGHER})
    assert outcomes(judgement) == [Outcome.UNCHANGED, Outcome.REMOVED]
    assert judgement.exit_status == 0


def test_a_listed_model_with_missing_metrics_does_not_count_as_removed() -> None:
    whole, broken = revision(a={"f1": 0.9}, b={"f1": 0.9}), revision(a={"f1": 0.9}, b={})
    judgement = judge_metrics(whole, broken, {"f1": HIGHER})
    assert outcomes(judgement) == [Outcome.UNCHANGED, Outcome.UNKNOWN]
    assert judgement.problems == ("metrics/b/test.json of the workspace is missing or broken",)
    assert judgement.exit_status == 2
    judgement = judge_metrics(broken, whole, {"f1": HIGHER})
    assert judgement.problems == ("metrics/b/test.json of the base is missing or broken",)
    assert judgement.exit_status == 2


def test_a_removed_model_need_not_have_every_metric() -> None:
    judgement = judge_metrics(revision(a={"f1": 0.9}, b={"accuracy": 0.9}), revision(a={"f1": 0.9}), {"f1": HIGHER})
    assert judgement.exit_status == 0


@pytest.mark.parametrize("value", [float("nan"), float("inf"), True, "0.9"])
def test_a_value_that_is_no_finite_number_cannot_be_judged(value: object) -> None:
    judgement = judge_metrics(revision(a={"f1": 0.9}), revision(a={"f1": value, "n": 1}), {"f1": HIGHER})
    assert outcomes(judgement) == [Outcome.UNKNOWN]
    assert judgement.exit_status == 2


def test_revisions_without_a_common_model_cannot_be_compared() -> None:
    judgement = judge_metrics(revision(a={"f1": 0.9}), revision(b={"f1": 0.6}), {"f1": HIGHER})
    assert judgement.problems == ("no model is in both revisions",)
    assert judgement.exit_status == 2


@pytest.mark.parametrize(("now", "status"), [(0.95, 2), (0.1, 1)])
def test_with_other_test_images_only_the_floor_is_checked(now: float, status: int) -> None:
    judgement = judge_metrics(revision("aa", a={"f1": 0.9}), revision("bb", a={"f1": now}), {"f1": HIGHER})
    assert judgement.problems[0].startswith("the test images are not those of the base")
    assert judgement.exit_status == status


def test_a_base_without_the_hash_of_its_test_images_cannot_be_compared() -> None:
    judgement = judge_metrics(revision(None, a={"f1": 0.9}), revision(a={"f1": 0.9}), {"f1": HIGHER})
    assert judgement.problems[0].startswith("the base does not say which test images")
    assert judgement.exit_status == 2


@pytest.mark.parametrize(
    ("base", "now", "problem"),
    [
        (revision(None), revision(a={"f1": 0.9}), "the base has no metrics/<model>/test.json"),
        (revision(a={"f1": 0.9}), revision(None), "the workspace has no metrics/<model>/test.json"),
        (
            revision(a={"accuracy": 0.9}),
            revision(a={"f1": 0.9}),
            "metrics/a/test.json of the base has no f1; it has accuracy",
        ),
        (
            revision(a={"f1": 0.9}),
            revision(a={"accuracy": 0.9, "f1": "high"}),
            "metrics/a/test.json of the workspace has no f1; it has accuracy",
        ),
    ],
)
def test_missing_metrics_are_named(base: RevisionMetrics, now: RevisionMetrics, problem: str) -> None:
    judgement = judge_metrics(base, now, {"f1": HIGHER})
    assert judgement.problems[0].startswith(problem)
    assert judgement.exit_status == 2


BEYOND = Rule(direction="higher", floor=None, largest_drop=0.02, beyond_noise=True)
Y_TRUE = true_classes(300)


def predicted(skill: float, seed: int = 0) -> RevisionMetrics:
    """Return a revision whose model has the given skill."""
    predictions = build_predictions(Y_TRUE, guess(Y_TRUE, skill, seed))
    scores = score_predictions(predictions.y_true, predictions.y_prob)
    return RevisionMetrics({"a": scores}, "aa", digests={"a": predictions})


def test_a_significant_drop_fails_and_one_that_is_not_significant_is_allowed() -> None:
    base, other, worse = predicted(1.5), predicted(1.45, seed=1), predicted(0.7)
    drop = base.models["a"]["accuracy"] - other.models["a"]["accuracy"]
    assert 0.02 < drop < 0.1
    rules = {"accuracy": BEYOND}
    assert outcomes(judge_metrics(base, other, rules)) == [Outcome.NOT_SIGNIFICANT]
    assert outcomes(judge_metrics(base, other, {"accuracy": BEYOND.model_copy(update={"beyond_noise": False})})) == [
        Outcome.REGRESSION
    ]
    assert outcomes(judge_metrics(base, worse, rules)) == [Outcome.REGRESSION]
    assert outcomes(judge_metrics(worse, base, rules)) == [Outcome.BETTER]


def test_a_small_drop_is_allowed_even_if_it_is_significant() -> None:
    base, worse = predicted(1.5), predicted(0.7)
    rule = BEYOND.model_copy(update={"largest_drop": 0.5})
    assert outcomes(judge_metrics(base, worse, {"accuracy": rule})) == [Outcome.WORSE]


def test_without_the_predictions_of_the_base_a_drop_cannot_be_judged() -> None:
    base, worse = predicted(1.5), predicted(0.7)
    judgement = judge_metrics(RevisionMetrics(base.models, "aa", digests={}), worse, {"accuracy": BEYOND})
    assert outcomes(judgement) == [Outcome.UNKNOWN]
    assert judgement.problems == ("the base has no metrics/a/digest.json, which the test of a drop needs",)
    assert judgement.exit_status == 2
