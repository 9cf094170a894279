"""Rules may name what a network scores on altered images, in `robustness.json`."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lesions.errors import InputError
from lesions.gate.judgement import judge_metrics
from lesions.gate.metrics import ModelMetrics
from lesions.gate.outcomes import Judgement
from lesions.gate.rules import Rule, read_gate
from tests.builders import WriteParams
from tests.gating import SHA256, build_base, build_now, build_project, judge, measure, predict, write_params

WORST = "robustness.worst_balanced_accuracy"
GOOD = {"direction": "higher", "floor": 0.5, "largest_drop": 0.1, "beyond_noise": False}
RULES = {WORST: Rule(direction="higher", floor=0.5, largest_drop=0.1, beyond_noise=False)}
PREDICTIONS = predict(1.5)


def altered(worst: Any, **changes: Any) -> ModelMetrics:
    """A model that scores this much on the worst of its altered images."""
    found = measure(PREDICTIONS)
    assert found.values
    unaltered = found.values["balanced_accuracy"]
    robustness = {
        "unaltered_balanced_accuracy": unaltered,
        "worst_balanced_accuracy": worst,
        "conditions_sha256": SHA256,
    }
    return replace(found, others={"robustness": robustness | changes})


def compare(base: ModelMetrics, now: ModelMetrics) -> Judgement:
    return judge_metrics(build_base({"a": base}), build_now({"a": now}), RULES)


@pytest.mark.parametrize(
    ("now", "outcome", "status"),
    [
        (0.6, "unchanged", 0),
        (0.7, "higher, not tested", 0),
        (0.55, "dropped, allowed", 0),
        (0.45, "below the floor; dropped, regression", 1),
    ],
)
def test_the_worst_score_is_judged_by_its_rule(now: float, outcome: str, status: int) -> None:
    judgement = compare(altered(0.6), altered(now))
    (row,) = judgement.rows
    assert (row.metric, row.outcome, judgement.exit_status) == (WORST, outcome, status)


def test_a_difference_may_be_negative() -> None:
    rules = {"robustness.worst_sensitivity_difference": replace_floor(-0.2)}
    now = altered(0.6, worst_sensitivity_difference=-0.3)
    judgement = judge_metrics(build_base({"a": now}), build_now({"a": now}), rules)
    assert [(row.now, row.is_below_floor) for row in judgement.rows] == [(-0.3, True)]


def replace_floor(floor: float) -> Rule:
    return Rule(direction="higher", floor=floor, largest_drop=None, beyond_noise=False)


@pytest.mark.parametrize(
    ("now", "problem"),
    [
        (measure(PREDICTIONS), "metrics/a/robustness.json of the workspace: the model has no such file there"),
        (altered("much"), "worst_balanced_accuracy: expected a number of at least -1, got 'much'"),
        (altered(-1.5), "worst_balanced_accuracy: expected a number of at least -1, got -1.5"),
        (altered(0.6, conditions_sha256=None), "conditions_sha256: expected a hash, got None"),
        (
            altered(0.6, unaltered_balanced_accuracy=0.1),
            "unaltered_balanced_accuracy is 0.1, but the predictions in digest.json beside it give 0.",
        ),
        (
            replace(altered(0.6), others={"robustness": {"unaltered_balanced_accuracy": 0.7, "num_conditions": 45}}),
            "robustness.json of the workspace has no worst_balanced_accuracy; it has unaltered_balanced_accuracy",
        ),
    ],
)
def test_what_cannot_be_used_is_not_judged(now: ModelMetrics, problem: str) -> None:
    judgement = compare(altered(0.6), now)
    assert judgement.exit_status == 2
    assert [row.outcome for row in judgement.rows] == ["cannot tell"]
    assert any(problem in found for found in judgement.problems), judgement.problems


@pytest.mark.parametrize(("now", "floor", "status"), [(0.9, 0.5, 2), (0.4, 0.5, 1)])
def test_the_worst_of_other_alterations_is_held_against_the_floor_alone(
    now: float, floor: float, status: int
) -> None:
    """Without its hardest corruption, a network that has become worse would look better."""
    judgement = compare(altered(0.6), altered(now, conditions_sha256="cd" * 32))
    (row,) = judgement.rows
    assert (row.outcome.split("; ")[-1], row.gain, judgement.exit_status) == ("other alterations", None, status)
    assert row.is_below_floor == (now < floor)
    assert (
        "metrics/a/robustness.json: the test images were altered otherwise in the base "
        "(conditions_sha256: abababababab in the base, cdcdcdcdcdcd now); see robustness in params.yaml"
    ) in judgement.problems


def test_an_ensemble_has_no_such_row() -> None:
    models = {"a": altered(0.6), "both": measure(PREDICTIONS)}
    judgement = judge_metrics(build_base(models), build_now(models), RULES)
    assert [row.model for row in judgement.rows] == ["a"]
    assert judgement.exit_status == 0


def test_without_such_a_rule_the_file_is_not_needed(tmp_path: Path) -> None:
    build_project(tmp_path)
    assert judge(tmp_path, "main")[0] == 0


def test_the_file_of_the_base_and_of_the_workspace_are_read(tmp_path: Path) -> None:
    project = build_project(tmp_path)
    write_params(tmp_path, ["a"], {"robustness": {"worst_balanced_accuracy": GOOD}})
    path = tmp_path / "metrics/a/robustness.json"
    for worst in (0.65, 0.6):
        path.write_text(json.dumps(altered(worst).others["robustness"]))
        project.commit(f"Score {worst}")
    status, markdown, _ = judge(tmp_path, "HEAD~1")
    assert status == 0
    assert f"| a | {WORST} | 0.6500 | 0.6000 | -0.0500 |" in markdown
    path.write_text("{")
    status, markdown, _ = judge(tmp_path, "HEAD~1")
    assert status == 2 and "metrics/a/robustness.json of the workspace, line 1: not valid JSON" in markdown


def test_rules_of_altered_images_are_read(write_params: WriteParams) -> None:
    rules = read_gate(write_params(gate={"accuracy": GOOD, "robustness": {"worst_balanced_accuracy": GOOD}})).rules
    assert [*rules] == ["accuracy", WORST]


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({}, r"gate\.robustness: expected a rule for at least one metric, got \{\}"),
        (0.5, r"gate\.robustness: expected a rule for at least one metric, got 0\.5"),
        ({"a.b": GOOD}, r"gate\.robustness: expected the name of a metric, got 'a\.b'"),
        ({"worst": GOOD | {"flor": 1}}, r"gate\.robustness\.worst\.flor: there is no such parameter"),
        (
            {"accuracy": GOOD | {"beyond_noise": True}},
            r"gate\.robustness\.accuracy\.beyond_noise: expected false; only accuracy, .* are resampled",
        ),
    ],
)
def test_a_rule_that_cannot_be_is_refused(write_params: WriteParams, section: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_gate(write_params(gate={"robustness": section}))
