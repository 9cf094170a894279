"""Each outcome of the gate, and its exit code."""

from dataclasses import replace

import pytest

from lesions.evaluation.summary import summarise_scores
from lesions.gate.judgement import judge_metrics
from lesions.gate.metrics import ModelMetrics
from lesions.gate.outcomes import Change, Judgement
from lesions.gate.rules import Rule
from tests.gating import build_base, build_now, measure, predict, predict_rightly, predict_with_log_loss

HIGHER = Rule(direction="higher", floor=0.5, largest_drop=0.02, beyond_noise=False)
LOWER = Rule(direction="lower", floor=0.3, largest_drop=0.02, beyond_noise=False)
GOOD = measure(predict(1.5))
BROKEN = ModelMetrics(None, None, ("metrics/b/test.json is broken",))
"""A model whose files cannot be read."""


def of_accuracy(value: float) -> ModelMetrics:
    return measure(predict_rightly(value), accuracy=value)


def outcomes(judgement: Judgement) -> list[str]:
    return [row.outcome for row in judgement.rows]


@pytest.mark.parametrize(
    ("rule", "base", "now", "outcome", "status"),
    [
        (HIGHER, 0.70, 0.75, "better", 0),
        (HIGHER, 0.70, 0.71, "higher within noise", 0),
        (HIGHER, 0.70, 0.70, "unchanged", 0),
        (HIGHER, 0.70, 0.69, "dropped within noise, allowed", 0),
        # 0.7 - 0.68 is a little more than 0.02 in floating point.
        (HIGHER, 0.70, 0.68, "dropped beyond noise, allowed", 0),
        (HIGHER, 0.70, 0.679999, "dropped beyond noise, regression", 1),
        (HIGHER, 0.49, 0.4999, "below the floor; higher within noise", 1),
        (HIGHER, 0.40, 0.4999, "below the floor; better", 1),
        (HIGHER, 0.49, 0.49, "below the floor; unchanged", 1),
        (HIGHER, 0.90, 0.40, "below the floor; dropped beyond noise, regression", 1),
        (HIGHER, 0.51, 0.50, "dropped within noise, allowed", 0),
        (Rule(direction="higher", floor=None, largest_drop=0.1, beyond_noise=False), 0.2, 0.1, "allowed", 0),
        (Rule(direction="higher", floor=0.1, largest_drop=None, beyond_noise=False), 0.9, 0.1, "allowed", 0),
    ],
)
def test_one_metric_has_its_outcome(rule: Rule, base: float, now: float, outcome: str, status: int) -> None:
    judgement = judge_metrics(
        build_base({"a": of_accuracy(base)}), build_now({"a": of_accuracy(now)}), {"accuracy": rule}
    )
    assert judgement.problems == ()
    assert outcomes(judgement)[0].endswith(outcome)
    assert judgement.exit_status == status


@pytest.mark.parametrize(
    ("base", "now", "outcome", "status"),
    [
        (0.20, 0.19, "lower, not tested", 0),
        (0.20, 0.20, "unchanged", 0),
        (0.20, 0.22, "dropped, allowed", 0),
        (0.20, 0.23, "dropped, regression", 1),
        (0.40, 0.31, "below the floor; lower, not tested", 1),
    ],
)
def test_a_metric_of_which_lower_is_better_has_its_outcome(
    base: float, now: float, outcome: str, status: int
) -> None:
    judgement = judge_metrics(
        build_base({"a": measure(predict_with_log_loss(base))}),
        build_now({"a": measure(predict_with_log_loss(now))}),
        {"log_loss": LOWER},
    )
    assert (judgement.problems, outcomes(judgement), judgement.exit_status) == ((), [outcome], status)


def test_an_added_model_is_only_checked_against_the_floor() -> None:
    base, rules = build_base({"a": GOOD}), {"accuracy": HIGHER}
    judgement = judge_metrics(base, build_now({"a": GOOD, "b": of_accuracy(0.6)}), rules)
    assert outcomes(judgement) == ["unchanged", "model added"]
    assert judgement.exit_status == 0
    judgement = judge_metrics(base, build_now({"a": GOOD, "b": of_accuracy(0.4)}), rules)
    assert outcomes(judgement) == ["unchanged", "below the floor; model added"]
    assert judgement.exit_status == 1


@pytest.mark.parametrize("removed", [GOOD, BROKEN, measure(predict(1), accuracy=1.7)])
def test_a_removed_model_is_reported_and_the_others_decide(removed: ModelMetrics) -> None:
    judgement = judge_metrics(build_base({"a": GOOD, "b": removed}), build_now({"a": GOOD}), {"accuracy": HIGHER})
    assert outcomes(judgement) == ["unchanged", "model removed"]
    assert (judgement.problems, judgement.exit_status) == ((), 0)


def test_a_listed_model_with_broken_files_does_not_count_as_removed_or_added() -> None:
    whole, broken = {"a": GOOD, "b": GOOD}, {"a": GOOD, "b": BROKEN}
    for base, now in ((whole, broken), (broken, whole)):
        judgement = judge_metrics(build_base(base), build_now(now), {"accuracy": HIGHER})
        assert outcomes(judgement) == ["unchanged", "cannot tell"]
        assert judgement.problems == BROKEN.problems
        assert judgement.exit_status == 2


def test_revisions_without_a_common_model_cannot_be_compared() -> None:
    judgement = judge_metrics(build_base({"a": GOOD}), build_now({"b": GOOD}), {"accuracy": HIGHER})
    assert judgement.problems == ("no model is in both the base and the workspace",)
    assert judgement.exit_status == 2


@pytest.mark.parametrize(
    ("now", "outcome", "status"), [(0.95, "other test images", 2), (0.1, "below the floor; other test images", 1)]
)
def test_with_other_test_images_only_the_floor_is_checked(now: float, outcome: str, status: int) -> None:
    judgement = judge_metrics(
        build_base({"a": of_accuracy(0.9)}),
        build_now({"a": of_accuracy(now)}, sha256="cd" * 32),
        {"accuracy": HIGHER},
    )
    assert judgement.problems[0].startswith("the test images are not those of the base")
    (row,) = judgement.rows
    assert (row.base, row.now, row.gain) == (0.9, now, None)
    assert (row.outcome, judgement.exit_status) == (outcome, status)


def test_a_revision_without_the_hash_of_its_test_images_cannot_be_compared() -> None:
    known, unknown = build_base({"a": GOOD}), replace(build_now({"a": GOOD}, None), problems=("no hash",))
    for base, now in ((known, unknown), (unknown, known), (unknown, unknown)):
        judgement = judge_metrics(base, now, {"accuracy": HIGHER})
        assert outcomes(judgement) == ["other test images"]
        assert judgement.problems[0] == "no hash"
        assert judgement.exit_status == 2


def test_digests_of_other_images_are_not_compared_even_if_the_hash_is_the_same() -> None:
    judgement = judge_metrics(
        build_base({"a": GOOD}), build_now({"a": measure(predict_rightly(0.9))}), {"accuracy": HIGHER}
    )
    assert judgement.problems[0].startswith("metrics/a/digest.json: the predictions of the workspace and the base")
    assert outcomes(judgement) == ["other test images"]
    assert judgement.exit_status == 2


BEYOND = Rule(direction="higher", floor=None, largest_drop=0.02, beyond_noise=True)


def test_a_significant_drop_fails_and_one_that_is_not_significant_is_allowed() -> None:
    base, other, worse = measure(predict(1.5)), measure(predict(1.2, seed=1)), measure(predict(0.7))
    before, after = (summarise_scores(predict(*skill))["accuracy"] for skill in ((1.5,), (1.2, 1)))
    assert 0.02 < before - after < 0.1
    rules = {"accuracy": BEYOND}
    strict = {"accuracy": BEYOND.model_copy(update={"beyond_noise": False})}

    def judge(before: ModelMetrics, after: ModelMetrics, rules: dict[str, Rule]) -> list[str]:
        return outcomes(judge_metrics(build_base({"a": before}), build_now({"a": after}), rules))

    assert judge(base, other, rules) == ["dropped within noise, allowed"]
    assert judge(base, other, strict) == ["dropped within noise, regression"]
    assert judge(base, worse, rules) == ["dropped beyond noise, regression"]
    assert judge(worse, base, rules) == ["better"]
    lenient = {"accuracy": BEYOND.model_copy(update={"largest_drop": 0.5})}
    assert judge(base, worse, lenient) == ["dropped beyond noise, allowed"]


def test_a_drop_that_may_be_the_largest_allowed_one_is_allowed() -> None:
    base, worse = measure(predict(1.5)), measure(predict(0.7))
    drop = summarise_scores(predict(1.5))["accuracy"] - summarise_scores(predict(0.7))["accuracy"]
    rule = BEYOND.model_copy(update={"largest_drop": drop - 0.01})

    def judge(rule: Rule) -> Judgement:
        return judge_metrics(build_base({"a": base}), build_now({"a": worse}), {"accuracy": rule})

    judgement = judge(rule)
    assert outcomes(judgement) == ["dropped beyond noise, over the limit within noise"]
    assert judgement.exit_status == 0
    judgement = judge(rule.model_copy(update={"beyond_noise": False}))
    assert outcomes(judgement) == ["dropped beyond noise, regression"]
    assert judgement.exit_status == 1


def test_changes_that_change_nothing_are_neither_better_nor_regressions() -> None:
    """Any gain was called better, and each of the six rows was tested as if it were the only one."""
    rules = dict.fromkeys(("accuracy", "macro_f1", "macro_roc_auc"), BEYOND.model_copy(update={"largest_drop": 0.0}))
    judgements = []
    for seed in range(0, 80, 4):
        base, now = (
            {model: measure(predict(1.2, seed + first + number)) for number, model in enumerate("ab")}
            for first in (0, 2)
        )
        judgements.append(judge_metrics(build_base(base), build_now(now), rules))
    rows = [row for judgement in judgements for row in judgement.rows]
    assert len(rows) == 120
    assert sum(row.change is Change.BETTER for row in rows) <= 3
    assert sum(row.gain is not None and row.gain > 0 for row in rows) > 40
    assert sum(judgement.exit_status for judgement in judgements) <= 1


def test_lower_may_be_better_in_a_metric_that_is_resampled() -> None:
    base, now = build_base({"a": measure(predict(2))}), build_now({"a": measure(predict(0.7))})
    rules = {"accuracy": BEYOND.model_copy(update={"direction": "lower"})}
    assert outcomes(judge_metrics(base, now, rules)) == ["better"]
    assert outcomes(judge_metrics(replace(now, name="base"), replace(base, name="now"), rules)) == [
        "dropped beyond noise, regression"
    ]


@pytest.mark.parametrize(
    ("figures", "is_noted"),
    [((0.4, 0.41), True), ((0.4, 0.6), False), ((0.6, 0.4), False), ((0.6, 0.6), False)],
)
def test_floors_that_the_base_misses_too_may_be_for_another_dataset(
    figures: tuple[float, float], is_noted: bool
) -> None:
    base, now = figures
    rules = {
        "accuracy": Rule(direction="higher", floor=0.5, largest_drop=0.5, beyond_noise=False),
        "macro_f1": Rule(direction="higher", floor=None, largest_drop=0.5, beyond_noise=False),
    }
    judgement = judge_metrics(build_base({"a": of_accuracy(base)}), build_now({"a": of_accuracy(now)}), rules)
    assert bool(judgement.notes) == is_noted
    assert judgement.exit_status == (1 if now < 0.5 else 0)
    if is_noted:
        assert judgement.notes[0].startswith("every figure is below its floor at the base too: the floors may be for")
