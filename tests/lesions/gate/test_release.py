"""Drops that are each too small to fail add up to one that fails beside the last release."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lesions.gate.judgement import judge_metrics
from lesions.gate.metrics import ModelMetrics, RevisionMetrics
from lesions.gate.rules import Rule
from tests.gating import (
    build_base,
    build_now,
    build_project,
    judge,
    measure,
    predict,
    predict_rightly,
    write_model,
    write_params,
)
from tests.repository import Repository

RULE = {"direction": "higher", "floor": None, "largest_drop": 0.05, "beyond_noise": True, "not_worse_by": 0.1}
RULES = {"release": "v*", "accuracy": RULE}


def write(project: Repository, skill: float, rules: object = RULES) -> None:
    write_params(project.root, ["a"], rules)
    write_model(project.root, "a", predict(skill))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A project with a release, three merges after it, each with a drop of its own, and a tag beside them."""
    project = build_project(tmp_path_factory.mktemp("gate"))
    project.run("git", "tag", "v1.0")
    for skill in (1.4, 1.3, 1.2):
        write(project, skill)
        project.commit(f"Skill {skill}")
    project.run("git", "checkout", "--quiet", "-b", "v1.0", "v1.0")  # a branch with the name of the tag
    write(project, 1.2)
    project.commit("Another line")
    project.run("git", "tag", "v2.0")
    project.run("git", "checkout", "--quiet", "main")
    return project


def test_drops_of_single_merges_add_up_since_the_release(
    project: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each merge loses 0.03 or 0.04, which the rule allows; all three 0.10, with a lower bound of -0.14."""
    outcomes = []
    for now in ("main~2", "main~1", "main"):
        project.run("git", "checkout", "--quiet", now)
        status, markdown, junit = judge(project.root, "HEAD~1")
        outcomes.append((status, *(line.split(" | ")[-1] for line in markdown.splitlines() if "| a |" in line)))
    assert outcomes == [
        (0, "dropped beyond noise, allowed |", "not worse by more than 0.1 |"),
        (0, "dropped beyond noise, allowed |", "not worse by more than 0.1 |"),
        (1, "dropped beyond noise, allowed |", "**worse** |"),
    ]
    assert "| model | metric | release | now | change | at worst | outcome |" in markdown
    assert "| a | accuracy | 0.7650 | 0.6650 | -0.1000 | -0.1425 | **worse** |" in markdown
    cases = {case.get("name"): case.find("failure") for case in junit.iter("testcase")}
    failure = cases["accuracy since the release"]
    assert cases["accuracy"] is None and failure is not None
    assert failure.attrib["message"] == "worse: 0.7650 at the release, 0.6650 now (-0.1000, at worst -0.1425)"
    assert junit.attrib["failures"] == "1"
    printed = capsys.readouterr().out.splitlines()
    assert printed[-1].endswith("): failed") and "and the release v1.0 (" in printed[-1]
    assert max(len(line) for line in printed if not line.startswith("rule changed: ")) <= 80


@pytest.mark.parametrize(("pattern", "release"), [("v*", "v1.0"), ("v1.0", "v1.0"), ("*", "v1.0")])
def test_the_release_is_the_last_tag_before_the_workspace_that_matches(
    project: Repository, pattern: str, release: str
) -> None:
    """Neither a branch of that name, nor a later tag of another line."""
    write(project, 1.2, RULES | {"release": pattern})
    status, markdown, _ = judge(project.root, "main")
    tagged = project.run("git", "rev-parse", f"refs/tags/{release}").stdout[:10]
    assert f"and the release {release} ({tagged})" in markdown.replace("\\", "")
    assert status == 1


def test_a_new_release_is_the_one_to_compare_with(project: Repository) -> None:
    project.run("git", "checkout", "--quiet", "--force", "--detach", "main")
    project.run("git", "tag", "v1.1")
    status, markdown, _ = judge(project.root, "main~1")
    project.run("git", "tag", "--delete", "v1.1")
    assert "| a | accuracy | 0.6650 | 0.6650 | +0.0000 | +0.0000 | not worse by more than 0.1 |" in markdown
    assert status == 0


@pytest.mark.parametrize("pattern", ["nothing*", "v2.0", "--all", "$(touch x)", "v1.0; touch x"])
def test_without_a_release_it_cannot_tell(project: Repository, pattern: str) -> None:
    write(project, 1.5, RULES | {"release": pattern})
    status, _, junit = judge(project.root, "main")
    assert status == 2
    (error,) = junit.iter("error")
    assert error.attrib["message"] == (
        f"no tag that matches {pattern} is on the current commit or before it in this repository; `git fetch --tags` "
        "may fetch it (in GitHub Actions: fetch-depth: 0 of actions/checkout)"
    )
    assert not (project.root / "x").exists()


def test_a_shallow_clone_says_what_to_fetch(project: Repository, tmp_path: Path) -> None:
    project.run("git", "checkout", "--quiet", "--force", "main")
    command = ["git", "clone", "--quiet", "--depth", "1", f"file://{project.root}", str(tmp_path / "shallow")]
    subprocess.run(command, check=True)
    status, markdown, _ = judge(tmp_path / "shallow", "HEAD")
    assert status == 2
    assert "in this shallow clone; \\`git fetch --unshallow --tags\\` may fetch it" in markdown


SHOWN = {"accuracy": Rule(direction="higher", floor=None, largest_drop=None, beyond_noise=False, not_worse_by=0.1)}
GOOD = measure(predict(1.5))


def compare(release: RevisionMetrics, now: RevisionMetrics) -> tuple[list[str], int, tuple[str, ...]]:
    """Judge beside a base that is the workspace, and beside a release."""
    judgement = judge_metrics(replace(now, name="the base"), now, SHOWN, replace(release, name="the release v1"))
    return [row.outcome for row in judgement.since_release], judgement.exit_status, judgement.problems


@pytest.mark.parametrize(
    ("skill", "seed", "outcome", "status"),
    [
        (2.5, 0, "better", 0),
        (1.5, 0, "not worse by more than 0.1", 0),
        (1.4, 0, "not worse by more than 0.1", 0),  # a significant drop of 0.03
        (1.2, 1, "may be worse by more than 0.1", 1),
        (0.7, 0, "worse", 1),
    ],
)
def test_each_verdict_has_its_outcome(skill: float, seed: int, outcome: str, status: int) -> None:
    now = build_now({"a": measure(predict(skill, seed))})
    assert compare(build_base({"a": GOOD}), now) == ([outcome], status, ())


def test_the_same_predictions_are_never_worse() -> None:
    """However few images there are, and however small the limit."""
    few = predict_rightly(0.5, N=6)
    rules = {"accuracy": SHOWN["accuracy"].model_copy(update={"not_worse_by": 1e-9})}
    release, now = build_base({"a": measure(few)}), build_now({"a": measure(few)})
    (row,) = judge_metrics(release, now, rules, release).since_release
    assert (row.outcome, row.low) == ("not worse by more than 1e-09", 0)


def test_a_model_that_the_release_lacks_is_not_compared_with_it() -> None:
    now = build_now({"a": GOOD, "b": measure(predict(0.5))})
    outcomes = ["not worse by more than 0.1", "model added"]
    assert compare(build_base({"a": GOOD}), now) == (outcomes, 0, ())
    outcomes = ["not worse by more than 0.1", "model removed"]
    assert compare(build_base({"a": GOOD, "b": GOOD}), build_now({"a": GOOD})) == (outcomes, 0, ())


def test_a_release_with_other_test_images_or_without_predictions_cannot_be_compared() -> None:
    outcomes, status, problems = compare(build_base({"a": GOOD}, "cd" * 32), build_now({"a": GOOD}))
    assert (outcomes, status) == (["other test images"], 2)
    assert problems[0].startswith("the test images are not those of the release v1, because the dataset or its split")
    broken = ModelMetrics(GOOD.values, None, ("metrics/a/digest.json of the release v1 is missing",))
    outcomes, status, problems = compare(build_base({"a": broken}), build_now({"a": GOOD}))
    assert (outcomes, status, problems) == (["cannot tell"], 2, broken.problems)


def test_a_digest_of_an_earlier_version_is_compared_by_its_most_probable_classes(project: Repository) -> None:
    project.run("git", "checkout", "--quiet", "--force", "-B", "earlier", "main")
    path = project.root / "metrics/a/digest.json"
    earlier = json.loads(path.read_text())
    del earlier["y_pred"]
    path.write_text(json.dumps(earlier))
    project.commit("As an earlier version wrote it")
    project.run("git", "tag", "v9")
    write(project, 1.2)
    status, markdown, _ = judge(project.root, "main")
    assert "| a | accuracy | 0.6650 | 0.6650 | +0.0000 | +0.0000 | not worse by more than 0.1 |" in markdown
    assert status == 0


def test_figures_are_those_of_the_classes_that_images_are_called() -> None:
    """By another rule than the most probable class, the same probabilities are right less often."""
    predictions = predict(1.5)
    called = replace(predictions, called=np.where(np.arange(200) < 60, 0, predictions.y_pred))
    judgement = judge_metrics(build_base({"a": GOOD}), build_now({"a": measure(called)}), SHOWN)
    (row,) = judgement.rows
    assert judgement.problems == ()
    assert row.now == pytest.approx((called.y_pred == called.y_true).mean(), abs=1e-6)
    assert row.outcome == "dropped beyond noise, allowed"
