"""Rules may name what an exported file is like, in `export.json`, for what is exported in either revision."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from lesions.errors import InputError
from lesions.gate.judgement import judge_metrics
from lesions.gate.metrics import ModelMetrics
from lesions.gate.rendering import list_sentences
from lesions.gate.rules import Rule
from lesions.parameters.models import list_exported
from tests.gating import build_base, build_now, build_project, judge, measure, predict, write_params

LOST = "export.int8_test_balanced_accuracy_lost"
LIMIT = {"direction": "lower", "floor": 0.02, "largest_drop": None, "beyond_noise": False}
RULES = {LOST: Rule(direction="lower", floor=0.02, largest_drop=None, beyond_noise=False)}
PREDICTIONS = predict(1.5)


def exported(lost: float) -> ModelMetrics:
    """A model whose int8 file loses this much."""
    found = measure(PREDICTIONS)
    assert found.values
    own = {"test_balanced_accuracy": found.values["balanced_accuracy"], "int8_test_balanced_accuracy_lost": lost}
    return replace(found, others={"export": own})


@pytest.mark.parametrize(("lost", "status"), [(0.01, 0), (0.03, 1)])
def test_a_loss_of_int8_is_held_against_its_limit(lost: float, status: int) -> None:
    judgement = judge_metrics(build_base({"a": exported(0.0)}), build_now({"a": exported(lost)}), RULES)
    assert [(row.metric, row.is_below_floor) for row in judgement.rows] == [(LOST, status == 1)]
    assert judgement.exit_status == status


def test_what_is_no_longer_exported_does_not_pass() -> None:
    judgement = judge_metrics(build_base({"a": exported(0.0)}), build_now({"a": measure(PREDICTIONS)}), RULES)
    assert judgement.exit_status == 2
    assert "metrics/a/export.json of the workspace: the model has no such file there" in judgement.problems


@pytest.mark.parametrize(("lost", "outcome", "status"), [(0.01, "", 0), (0.03, "below the floor; ", 1)])
def test_what_is_exported_for_the_first_time_is_held_against_the_floor_alone(
    lost: float, outcome: str, status: int
) -> None:
    judgement = judge_metrics(build_base({"a": measure(PREDICTIONS)}), build_now({"a": exported(lost)}), RULES)
    (row,) = judgement.rows
    assert (row.base, row.now, row.outcome) == (None, lost, f"{outcome}file added")
    assert (judgement.problems, judgement.exit_status) == ((), status)


def test_a_file_that_only_the_base_lacks_but_lists_does_not_pass() -> None:
    """The base says that it exports the model: its file is missing, and the drop cannot be known."""
    broken = replace(exported(0.0), others={"export": "metrics/a/export.json of the base is missing"})
    judgement = judge_metrics(build_base({"a": broken}), build_now({"a": exported(0.0)}), RULES)
    assert judgement.problems == ("metrics/a/export.json of the base is missing",)
    assert ([row.outcome for row in judgement.rows], judgement.exit_status) == (["cannot tell"], 2)


def test_what_was_never_exported_has_no_row() -> None:
    models = {"a": exported(0.0), "b": measure(PREDICTIONS)}
    judgement = judge_metrics(build_base(models), build_now(models), RULES)
    assert ([row.model for row in judgement.rows], judgement.exit_status) == (["a"], 0)


def test_a_rule_that_judges_nothing_is_named() -> None:
    models = {"a": measure(PREDICTIONS)}
    rules = RULES | {"accuracy": Rule(direction="higher", floor=0.1, largest_drop=None, beyond_noise=False)}
    judgement = judge_metrics(build_base(models), build_now(models), rules)
    assert judgement.exit_status == 0
    assert judgement.notes == (f"no model has {LOST}, so that its rule judges nothing",)
    assert f"no model has {LOST}, so that its rule judges nothing." in list_sentences(judgement, "main")


def test_a_file_of_another_run_does_not_count() -> None:
    other = replace(exported(0.0), others={"export": {"test_balanced_accuracy": 0.1, LOST.partition(".")[2]: 0.0}})
    judgement = judge_metrics(build_base({"a": exported(0.0)}), build_now({"a": other}), RULES)
    assert judgement.exit_status == 2
    assert any("test_balanced_accuracy is 0.1, but the predictions in digest.json" in p for p in judgement.problems)


def test_the_files_of_both_revisions_are_read(tmp_path: Path) -> None:
    project = build_project(tmp_path)
    write_params(tmp_path, ["a"], {"export": {LOST.partition(".")[2]: LIMIT}}, export={"models": ["a"]})
    path = tmp_path / "metrics/a/export.json"
    path.write_text(json.dumps(exported(0.01).others["export"]))
    project.commit("Export")
    status, markdown, _ = judge(tmp_path, "HEAD")
    assert status == 0
    assert f"| a | {LOST} | 0.0100 | 0.0100 |" in markdown


def test_only_lists_of_names_are_exported() -> None:
    assert list_exported({}, "params.yaml") == []
    assert list_exported({"export": {"models": ["a"], "ensembles": ["b"]}}, "params.yaml") == ["a", "b"]
    with pytest.raises(InputError, match=r"params.yaml: export: expected a section, got \['a'\]"):
        list_exported({"export": ["a"]}, "params.yaml")
    with pytest.raises(InputError, match=r"params.yaml: export.models: expected a list of names, got 'a'"):
        list_exported({"export": {"models": "a"}}, "params.yaml")
