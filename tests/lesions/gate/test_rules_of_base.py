"""What is judged cannot loosen the rules by which it is judged, and a change of them is seen."""

from pathlib import Path
from typing import Any

import pytest

from tests.gating import build_project, judge, predict, write_model, write_params
from tests.repository import Repository

LOOSE: dict[str, dict[str, Any]] = {
    "accuracy": {"direction": "higher", "floor": 0.1, "largest_drop": None, "beyond_noise": False},
    "log_loss": {"direction": "lower", "floor": None, "largest_drop": 9, "beyond_noise": False},
}
CHANGES = (
    "rule changed: gate.accuracy.floor 0.5 → 0.1; that of the {} counts",
    "rule changed: gate.accuracy.largest_drop 0.02 → null; that of the {} counts",
    "rule changed: gate.accuracy.beyond_noise true → false; that of the {} counts",
)


@pytest.fixture
def loosened(tmp_path: Path) -> Repository:
    """A project whose model has become as bad as chance, and whose floor was lowered with it."""
    project = build_project(tmp_path)
    write_model(tmp_path, "a", predict(0.0))
    write_params(tmp_path, ["a"], LOOSE)
    return project


def test_the_rules_of_the_base_count_and_each_change_is_listed(loosened: Repository) -> None:
    status, markdown, junit = judge(loosened.root, "main", "base")
    assert status == 1
    assert "| a | accuracy |" in markdown
    assert "≥ 0.5" in markdown
    for change in CHANGES:
        assert change.format("base") in markdown
        assert change.format("base") in "".join(junit.itertext())


def test_the_rules_of_the_workspace_count_on_demand_and_are_listed_too(loosened: Repository) -> None:
    status, markdown, _ = judge(loosened.root, "main", "workspace")
    assert status == 0
    assert "≥ 0.1" in markdown
    for change in CHANGES:
        assert change.format("workspace") in markdown


def test_equal_rules_are_not_mentioned(tmp_path: Path) -> None:
    build_project(tmp_path)
    status, markdown, _ = judge(tmp_path, "main", "base")
    assert status == 0
    assert "rule changed" not in markdown


def test_a_rule_that_was_removed_or_added_is_listed_and_the_removed_one_counts(tmp_path: Path) -> None:
    build_project(tmp_path)
    write_params(tmp_path, ["a"], {"macro_f1": LOOSE["accuracy"]})
    status, markdown, _ = judge(tmp_path, "main", "base")
    assert status == 0
    assert "| a | accuracy |" in markdown
    assert "| a | macro_f1 |" not in markdown
    assert "gate.accuracy {direction: higher, floor: 0.5" in markdown
    assert "rule changed: gate.macro_f1 (left out) → {direction: higher" in markdown


def test_rules_of_the_workspace_that_are_broken_are_no_pass(tmp_path: Path) -> None:
    build_project(tmp_path)
    write_params(tmp_path, ["a"], {})
    status, markdown, _ = judge(tmp_path, "main", "base")
    assert status == 2
    assert "params.yaml: gate: expected a rule for at least one metric, got {}" in markdown


def test_a_base_without_rules_is_no_pass_and_the_way_out_is_named(tmp_path: Path) -> None:
    project = build_project(tmp_path)
    write_params(tmp_path, ["a"], {})
    project.commit("No rules")
    write_params(tmp_path, ["a"])
    status, markdown, _ = judge(tmp_path, "main", "base")
    assert status == 2
    assert "params.yaml of the base: gate: expected a rule for at least one metric, got {}" in markdown
    assert "--rules workspace" in markdown
    assert judge(tmp_path, "main", "workspace")[0] == 0
