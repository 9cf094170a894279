"""The workflow of continuous integration: what it says, and that its commands run."""

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs

import pytest
from ruamel.yaml import YAML

from lesions.tables.digest import parse_digest
from tests.builders import ROOT
from tests.gating import write_model
from tests.repository import Repository
from tests.stores import build_store_project, push, set_remote

GITLAB: dict[str, Any] = YAML(typ="safe").load(ROOT / ".gitlab-ci.yml")
WORKFLOW, WEEKLY = (YAML(typ="safe").load(ROOT / f".github/workflows/{name}.yml") for name in ("ci", "reproduce"))
JOBS: dict[str, dict[str, Any]] = WORKFLOW["jobs"] | WEEKLY["jobs"]
RUNNING = [job for name, job in JOBS.items() if name != "comment"]
"""The jobs that run code of the repository."""
# What runs these tests; a test that ran them would never end.
THE_TESTS_THEMSELVES = ("make lint", "make test")


def commands(job: str) -> list[str]:
    return [step["run"] for step in JOBS[job]["steps"] if "run" in step]


def test_every_checkout_fetches_the_whole_history() -> None:
    checkouts = [
        step for job in RUNNING for step in job["steps"] if step.get("uses", "").startswith("actions/checkout@")
    ]
    assert len(checkouts) == len(RUNNING)
    assert all(step["with"]["fetch-depth"] == 0 for step in checkouts)
    assert GITLAB["variables"]["GIT_DEPTH"] == "0"


def test_every_supported_python_is_tested() -> None:
    assert JOBS["test"]["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13"]
    assert commands("test") == list(THE_TESTS_THEMSELVES) == GITLAB["test"]["script"]
    assert GITLAB["test"]["parallel"]["matrix"] == [{"PYTHON": ["3.11", "3.12", "3.13"]}]


def test_a_leaked_token_cannot_write_and_no_step_is_left_one() -> None:
    assert WORKFLOW["permissions"] == WEEKLY["permissions"] == {"contents": "read"}
    steps = [step for job in JOBS.values() for step in job["steps"]]
    checkouts = [step for step in steps if step.get("uses", "").startswith("actions/checkout@")]
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)
    assert [name for name, job in JOBS.items() if "permissions" in job] == ["comment"]


def test_what_may_write_runs_no_code_of_the_repository() -> None:
    assert JOBS["comment"]["permissions"] == {"pull-requests": "write"}
    download, comment = JOBS["comment"]["steps"]
    assert download["uses"].startswith("actions/download-artifact@")
    assert comment["run"].startswith("gh pr comment ")
    assert "${{" not in comment["run"]
    assert GITLAB["comment"]["variables"] == {"GIT_STRATEGY": "none"}


def test_actions_are_named_by_commit() -> None:
    """A tag can be moved to other code by whoever takes over an action's repository."""
    used = [step["uses"] for job in JOBS.values() for step in job["steps"] if "uses" in step]
    assert used
    assert all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", action) for action in used)


@pytest.fixture(scope="module")
def lowered(tiny: Repository, tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A clone whose floors the tiny preset reaches, where each drop counts; its report, and so its lock, says so."""
    lowered = tiny.clone(tmp_path_factory.mktemp("lowered") / "clone")
    params = lowered.root / "params.yaml"
    text = params.read_text()
    for floor in ("0.5", "0.4", "0.85"):
        text = text.replace(f"floor: {floor},", "floor: 0,")
    text = text.replace("beyond_noise: true", "beyond_noise: false")
    params.write_text(text)
    lowered.dvc("checkout", "--quiet")
    lowered.dvc("repro", "--quiet")
    lowered.commit("Lower the floors")
    return lowered


@pytest.fixture
def pull_request(lowered: Repository, tmp_path: Path) -> Repository:
    """A clone as a runner has it, without data and with this environment as its own."""
    clone = lowered.clone(tmp_path / "clone")
    link_environment(clone)
    return clone


def link_environment(repository: Repository) -> None:
    """Make this environment the one that `make` would set up there."""
    environment = repository.root / ".venv"
    environment.mkdir()
    for name in ("bin", "lib", "pyvenv.cfg"):
        (environment / name).symlink_to(Path(sys.prefix, name))
    (environment / "ready").touch()


def run_step(repository: Repository, command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a step as GitHub's runner does on Linux, where no shell is named."""
    return repository.run(
        *("bash", "-e", "-c", command),
        check=False,
        GITHUB_BASE_REF="main",
        RUNNER_TEMP=str(folder),
        GITHUB_STEP_SUMMARY=str(folder / "summary.md"),
    )


def test_the_steps_of_the_pipeline_run(pull_request: Repository, tmp_path: Path) -> None:
    # `make repro` finds what its stages write; the test on GitLab's steps has it write all of it.
    pull_request.dvc("checkout", "--quiet")
    (tmp_path / "summary.md").write_text("Before.\n")
    printed = ""
    for command in commands("pipeline"):
        done = run_step(pull_request, command, tmp_path)
        assert done.returncode == 0, f"{command}\n{done.stdout}"
        printed += done.stdout
    assert "Data and pipelines are up to date." in printed
    assert "passed" in printed
    assert (tmp_path / "summary.md").read_text().startswith("Before.\n## Metrics gate: passed\n")
    kept = [step["with"]["path"] for step in JOBS["pipeline"]["steps"] if "upload-artifact" in step.get("uses", "")]
    paths = " ".join(kept).replace("${{ runner.temp }}", str(tmp_path)).split()
    assert len(paths) == 5
    assert all((pull_request.root / path).exists() for path in paths)


def test_the_comment_is_the_judgement(tmp_path: Path) -> None:
    (tmp_path / "gate.md").write_text("## Metrics gate: passed\n")
    gh = tmp_path / "gh"
    gh.write_text('#!/bin/sh\nprintf "%s\\n" "$@" && cat "$5"\n')
    gh.chmod(0o755)
    (command,) = commands("comment")
    path = f"{tmp_path}:{os.environ['PATH']}"
    done = Repository(tmp_path).run("bash", "-e", "-c", command, PATH=path, PULL_REQUEST="https://host/1")
    assert done.stdout.splitlines() == [
        *("pr", "comment", "https://host/1", "--body-file", "gate.md", "--edit-last", "--create-if-none"),
        "## Metrics gate: passed",
    ]


def run_gitlab(repository: Repository, job: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the script of a job as GitLab's runner does on Linux: line by line in one shell, which ends at an error."""
    script = "\n".join(["set -eo pipefail", *GITLAB[job]["script"]])
    return repository.run("bash", "-c", script, check=False, **variables)


@pytest.mark.slow
def test_the_same_steps_run_on_gitlab(pull_request: Repository) -> None:
    assert GITLAB["pipeline"]["script"][:2] == commands("pipeline")[:2]
    done = run_gitlab(pull_request, "pipeline", CI_MERGE_REQUEST_TARGET_BRANCH_NAME="main")
    assert done.returncode == 0, done.stdout
    assert (pull_request.root / "gate.md").read_text().startswith("## Metrics gate: passed\n")
    kept = [*GITLAB["pipeline"]["artifacts"]["paths"], GITLAB["pipeline"]["artifacts"]["reports"]["junit"]]
    assert all((pull_request.root / path).exists() for path in kept)


def test_the_comment_on_gitlab_is_the_judgement(tmp_path: Path) -> None:
    received = []

    class Api(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            received.append((self.path, self.headers["PRIVATE-TOKEN"], parse_qs(body)))
            self.send_response(201)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            """Print nothing."""

    (tmp_path / "gate.md").write_text("## Metrics gate: passed & more\n")
    with ThreadingHTTPServer(("127.0.0.1", 0), Api) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        variables = {"CI_API_V4_URL": f"http://127.0.0.1:{server.server_port}/api/v4", "CI_PROJECT_ID": "7"}
        variables |= {"CI_MERGE_REQUEST_IID": "3", "GATE_TOKEN": "token", "no_proxy": "*"}
        done = run_gitlab(Repository(tmp_path), "comment", **variables)
        server.shutdown()
    assert done.returncode == 0, done.stdout
    body = {"body": ["## Metrics gate: passed & more\n"]}
    assert received == [("/api/v4/projects/7/merge_requests/3/notes", "token", body)]


def test_both_services_run_the_same_commit_anew_when_scheduled() -> None:
    assert GITLAB["reproduce"]["rules"] == [{"if": '$CI_PIPELINE_SOURCE == "schedule"'}]
    assert GITLAB["reproduce"]["script"][0] == commands("reproduce")[0]
    shortened = commands("reproduce")[1].replace('"$RUNNER_TEMP/reproduce.md"', "reproduce.md")
    assert GITLAB["reproduce"]["script"][1] == shortened.replace('"$RUNNER_TEMP/reproduce.xml"', "reproduce.xml")


def test_an_outdated_lock_fails(pull_request: Repository, tmp_path: Path) -> None:
    with (pull_request.root / "stages/train.py").open("a") as file:
        file.write("# changed\n")
    done = run_step(pull_request, "make check-lock", tmp_path)
    assert done.returncode != 0
    assert "dvc.lock was made from other code or parameters: run 'dvc repro'" in done.stdout


def test_a_regression_fails_and_is_in_the_summary(pull_request: Repository, tmp_path: Path) -> None:
    path = pull_request.root / "metrics/resnet18/digest.json"
    predictions = parse_digest(json.loads(path.read_text()), str(path))
    write_model(pull_request.root, "resnet18", replace(predictions, logits=-predictions.logits))
    gate, summary = commands("pipeline")[-2:]
    assert run_step(pull_request, gate, tmp_path).returncode == 1
    assert run_step(pull_request, summary, tmp_path).returncode == 0
    assert re.search(r"\*\*dropped .*regression\*\*", (tmp_path / "summary.md").read_text())


def test_a_commit_is_run_anew_each_week() -> None:
    ((schedule,),) = (WEEKLY["on"]["schedule"],)
    *_, day = schedule["cron"].split()
    assert day == "1"


@pytest.mark.slow
def test_the_weekly_steps_find_the_same_bits(pull_request: Repository, tmp_path: Path) -> None:
    (tmp_path / "summary.md").touch()
    for command in commands("reproduce"):
        done = run_step(pull_request, command, tmp_path)
        assert done.returncode == 0, f"{command}\n{done.stdout}"
    assert (tmp_path / "summary.md").read_text().startswith("## Reproduction: same bits\n")
    assert (tmp_path / "reproduce.xml").is_file()
    assert pull_request.run("git", "status", "--porcelain").stdout == ""


def test_the_storage_job_compares_with_a_remote_and_skips_where_there_is_none(tmp_path: Path) -> None:
    assert commands("storage")[0] == "make .venv/ready"
    project = build_store_project(tmp_path / "project")
    link_environment(project)
    (tmp_path / "summary.md").touch()
    for expected, summary in (
        (0, "Storage: skipped, as .dvc/config names no default remote (docs/storage.md).\n"),
        (1, "## Storage: 7 of 7 objects are missing or wrong\n"),
        (0, "## Storage: all 7 objects are there\n"),
    ):
        (tmp_path / "summary.md").write_text("")
        compare, summarise = commands("storage")[1:]
        assert run_step(project, compare, tmp_path).returncode == expected
        assert run_step(project, summarise, tmp_path).returncode == 0
        assert (tmp_path / "summary.md").read_text().startswith(summary)
        set_remote(project, "../remote")
        if expected == 1:
            push(project)


def test_the_last_line_of_make_repro_counts_the_results_that_differ(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    names = ("dvc.lock", "metrics/a.json", "plots/a.json", "params.yaml")
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("1\n")
    shown = subprocess.run(
        ["make", "--no-print-directory", "--dry-run", "repro"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    last = shown[shown.index("changed=$") :]
    assert repository.run("bash", "-e", "-c", last).stdout == ""  # outside git
    repository.run("git", "init", "--quiet", "--initial-branch", "main")
    repository.set_identity()
    repository.commit("Run")
    (tmp_path / "params.yaml").write_text("2\n")
    (tmp_path / "metrics/new.json").write_text("2\n")
    assert repository.run("bash", "-e", "-c", last).stdout == ""
    for name in names[:2]:
        (tmp_path / name).write_text("2\n")
    (line,) = repository.run("bash", "-e", "-c", last).stdout.splitlines()
    assert line.startswith(
        "2 tracked files in dvc.lock, metrics/ and plots/ differ from the last commit: if neither "
    )
    assert "`lesions reproduce` explains by how much and where it begins" in line
