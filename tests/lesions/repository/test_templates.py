"""The files for CI of a repository of one's own do what this repository's do, from its own environment."""

from typing import Any

from ruamel.yaml import YAML

from lesions.repository.shipped import TEMPLATES
from tests.builders import ROOT
from tests.test_ci import GITLAB, JOBS

GITHUB_JOB, GITLAB_JOB = (
    YAML(typ="safe").load(TEMPLATES / name)[key] for name, key in (("github.yml", "jobs"), ("gitlab.yml", "check"))
)


def steps(job: dict[str, Any]) -> dict[str, Any]:
    return {step["name"]: step for step in job["steps"] if "name" in step}


def test_the_gate_is_called_as_here() -> None:
    own, ours = steps(GITHUB_JOB["check"]), steps(JOBS["pipeline"])
    for name in ("Compare the metrics with those of the base branch", "Add the gate's judgement to the summary"):
        here = ours[name]["run"].removeprefix(".venv/bin/").replace(' --junit "$RUNNER_TEMP/gate.xml"', "")
        assert own[name] | {"run": here} == ours[name] | {"run": own[name]["run"]}
    assert GITLAB_JOB["script"][-1] == GITLAB["pipeline"]["script"][-1].replace(".venv/bin/", "")


def test_the_same_actions_are_used_with_as_few_rights() -> None:
    workflow = YAML(typ="safe").load(TEMPLATES / "github.yml")
    assert workflow["permissions"] == {"contents": "read"}
    known = {step["uses"] for job in JOBS.values() for step in job["steps"] if "uses" in step}
    used = [step for step in GITHUB_JOB["check"]["steps"] if "uses" in step]
    assert {step["uses"] for step in used} <= known
    assert used[0]["with"] == {"fetch-depth": 0, "persist-credentials": False}
    assert GITLAB_JOB["variables"] == {"GIT_DEPTH": GITLAB["variables"]["GIT_DEPTH"]}


def test_both_install_the_locked_packages_alike() -> None:
    install = steps(GITHUB_JOB["check"])["Install the locked packages"]["run"].splitlines()
    assert install[:3] == GITLAB_JOB["script"][:3]
    assert "uv==" in (ROOT / "requirements.lock").read_text(encoding="utf-8")
