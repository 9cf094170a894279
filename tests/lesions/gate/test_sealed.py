"""What nobody may look at, the gate does not judge: it says that it is sealed, and that it cannot tell."""

import json
from pathlib import Path

import pytest

from lesions.evaluation.seal import write_sealed
from lesions.gate.judgement import judge_metrics
from lesions.gate.metrics import ModelMetrics
from lesions.gate.outcomes import Change
from lesions.gate.rules import Rule
from tests.gating import build_base, build_now, build_project, judge, measure, predict, write_params

RULES = {"accuracy": Rule(direction="higher", floor=0.99, largest_drop=0.02, beyond_noise=True)}
OPEN = measure(predict(1.5))
SEALED = ModelMetrics(None, None, is_sealed=True)


@pytest.mark.parametrize(("base", "now"), [(OPEN, SEALED), (SEALED, SEALED)])
def test_sealed_scores_are_never_judged(base: ModelMetrics, now: ModelMetrics) -> None:
    judgement = judge_metrics(build_base({"a": base}), build_now({"a": now}), RULES)
    (row,) = judgement.rows
    assert (row.change, row.outcome, row.now) == (Change.SEALED, "sealed", None)
    assert judgement.exit_status == 2
    assert judgement.problems[-1].startswith("the test scores of the workspace are sealed (split.seal)")
    assert len(judgement.problems) == (1 if base is OPEN else 2)


def test_a_floor_holds_once_the_workspace_is_unsealed() -> None:
    judgement = judge_metrics(build_base({"a": SEALED}), build_now({"a": OPEN}), RULES)
    (row,) = judgement.rows
    assert row.outcome == "below the floor; sealed"
    assert judgement.exit_status == 1
    (problem,) = judgement.problems
    assert problem.startswith("the test scores of the base are sealed")


def test_a_sealed_release_is_not_judged_either() -> None:
    asked = {
        "accuracy": Rule(direction="higher", floor=None, largest_drop=None, beyond_noise=False, not_worse_by=0.1)
    }
    judgement = judge_metrics(
        build_base({"a": OPEN}), build_now({"a": OPEN}), asked, release=build_base({"a": SEALED})
    )
    assert [row.outcome for row in judgement.since_release] == ["sealed"]
    assert judgement.exit_status == 2


def test_sealed_files_are_read_from_the_workspace_and_from_a_revision(tmp_path: Path) -> None:
    project = build_project(tmp_path)
    metrics = [tmp_path / f"metrics/a/{name}.json" for name in ("test", "digest")]
    write_sealed(metrics, [])
    status, markdown, junit = judge(tmp_path, "main")
    assert status == 2
    assert "| a | accuracy | 0." in markdown and "| sealed |" in markdown
    assert "- the test scores of the workspace are sealed (split.seal), so that nothing" in markdown
    assert "metrics/a/test.json" not in markdown
    assert (junit.get("failures"), junit.get("errors")) == ("0", "3")
    project.commit("Seal")
    status, markdown, _ = judge(tmp_path, "main")
    assert status == 2 and "the test scores of the base are sealed" in markdown


def test_what_only_looks_like_a_seal_is_broken(tmp_path: Path) -> None:
    build_project(tmp_path)
    (tmp_path / "metrics/a/test.json").write_text(json.dumps({"sealed": "true"}))
    write_params(tmp_path, ["a"])
    status, markdown, _ = judge(tmp_path, "main")
    assert status == 2 and "metrics/a/test.json of the workspace has no accuracy" in markdown
