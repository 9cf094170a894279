"""`lesions gate` in a real repository, with a branch for each outcome."""

import shutil
import subprocess
from contextlib import chdir
from pathlib import Path
from xml.etree import ElementTree

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from lesions.command_line.app import commands
from lesions.parameters.overlay import lay_over
from lesions.parameters.section import read_parameters
from tests.gating import predict, write_model, write_split
from tests.repository import Repository, copy_repository

MODELS = ("custom_cnn", "resnet18")


def list_models(repository: Repository, *models: str) -> None:
    path = repository.root / "params.yaml"
    yaml = YAML()
    parameters = yaml.load(path)
    parameters["models"] = list(models)
    yaml.dump(parameters, path)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """Return a repository without a DVC remote, whose branches have different metrics."""
    repository = copy_repository(tmp_path_factory.mktemp("gate"))

    def branch(name: str) -> None:
        repository.run("git", "checkout", "--quiet", "-b", name, "main")

    rule = {"largest_drop": 0.04}
    lay_over(repository.root / "params.yaml", {"gate": {"balanced_accuracy": rule, "macro_f1": rule}})
    repository.commit("Rules")
    repository.run("git", "branch", "never_run")
    for model in MODELS:
        write_model(repository.root, model, predict(1.5))
    write_split(repository.root)
    repository.commit("Run")
    for name, skill, seed in (
        ("better", 2.0, 0),
        ("slightly_worse", 1.4, 0),
        ("worse", 1.2, 0),
        ("worse_by_chance", 1.2, 1),
        ("below_the_floor", 0.5, 0),
    ):
        branch(name)
        write_model(repository.root, "resnet18", predict(skill, seed))
        repository.commit(name)
    branch("without_digest")
    (repository.root / "metrics/resnet18/digest.json").unlink()
    repository.commit("without digest")
    branch("another_split")
    write_model(repository.root, "resnet18", predict(1.0))
    write_split(repository.root, "cd" * 32)
    repository.commit("split")
    branch("model_removed")
    list_models(repository, "custom_cnn")
    shutil.rmtree(repository.root / "metrics/resnet18")
    repository.commit("removed")
    branch("model_added")
    list_models(repository, *MODELS, "resnet34")
    write_model(repository.root, "resnet34", predict(1.5))
    repository.commit("added")
    assert repository.dvc("remote", "list").strip() == ""
    return repository


def gate(repository: Repository, branch: str, *options: str) -> tuple[int, str]:
    """Run the gate on a branch, in this process."""
    repository.run("git", "checkout", "--quiet", branch)
    read_parameters.cache_clear()
    with chdir(repository.root):
        done = CliRunner().invoke(commands, ["gate", *options], catch_exceptions=False)
    return done.exit_code, done.output


@pytest.mark.parametrize(
    ("branch", "status", "words"),
    [
        ("main", 0, "macro_f1          0.7652 0.7652 +0.0000 ≥ 0.4  0.04 unchanged"),
        ("better", 0, "macro_f1          0.7652 0.8345 +0.0693 ≥ 0.4  0.04 better"),
        (
            "slightly_worse",
            0,
            "macro_roc_auc     0.9080 0.8915 -0.0166 ≥ 0.85 0.03 dropped beyond noise, allowed",
        ),
        ("slightly_worse", 0, "macro_f1          0.7652 0.7354 -0.0298 ≥ 0.4  0.04 dropped within noise, allowed"),
        ("worse", 1, "macro_f1          0.7652 0.6661 -0.0991 ≥ 0.4  0.04 dropped beyond noise, regression"),
        ("worse_by_chance", 0, "macro_f1          0.7652 0.6729 -0.0923 ≥ 0.4  0.04 dropped within noise, allowed"),
        (
            "without_digest",
            2,
            "metrics/resnet18/digest.json of the workspace is missing",
        ),
        (
            "below_the_floor",
            1,
            "macro_roc_auc     0.9080 0.6576 -0.2504 ≥ 0.85 0.03 below the floor; dropped beyond noise, regression",
        ),
        ("another_split", 1, "macro_roc_auc     0.9080 0.8069 –      ≥ 0.85 0.03 below the floor; other test images"),
        ("another_split", 1, "the test images are not those of the base, because the dataset or its split differs"),
        ("model_removed", 0, "macro_f1          0.7652 –      –       ≥ 0.4  0.04 model removed"),
        ("model_added", 0, "macro_f1          –      0.7652 –       ≥ 0.4  0.04 model added"),
        (
            "never_run",
            2,
            "metrics/resnet18/test.json of the workspace is missing; `dvc repro` writes it, and",
        ),
    ],
)
def test_a_branch_compared_with_main(repository: Repository, branch: str, status: int, words: str) -> None:
    exit_code, output = gate(repository, branch, "--base", "main")
    assert words in output
    assert exit_code == status
    assert output.splitlines()[-1].endswith({0: ": passed", 1: ": failed", 2: ": cannot tell"}[status])


def test_metrics_that_the_base_lacks_are_reported(repository: Repository) -> None:
    status, output = gate(repository, "main", "--base", "never_run")
    assert "metrics/resnet18/test.json of the base is missing" in output
    assert status == 2


def test_markdown_and_junit_report_the_same_as_the_terminal(repository: Repository, tmp_path: Path) -> None:
    files = ("--markdown", str(tmp_path / "gate.md"), "--junit", str(tmp_path / "gate.xml"))
    status, _ = gate(repository, "worse", "--base", "main", *files)
    assert status == 1
    text = (tmp_path / "gate.md").read_text(encoding="utf-8")
    assert text.startswith("## Metrics gate: failed\n")
    assert (
        "| resnet18 | macro_f1 | 0.7652 | 0.6661 | -0.0991 | ≥ 0.4 | 0.04 | **dropped beyond noise, regression** |"
        in text
    )
    assert text.count("| unchanged |") == 3
    suite = ElementTree.parse(tmp_path / "gate.xml").getroot()
    assert suite.attrib == {"name": "lesions gate", "tests": "6", "failures": "3", "errors": "0"}
    failures = {(case.get("classname"), case.get("name")): case.find("failure") for case in suite}
    failure = failures["gate.resnet18", "macro_f1"]
    assert failure is not None
    assert failure.get("message") == (
        "dropped beyond noise, regression: 0.7652 at the base, 0.6661 now (-0.0991); floor ≥ 0.4, drop 0.04"
    )


def test_a_metric_that_cannot_be_judged_is_an_error_in_junit(repository: Repository, tmp_path: Path) -> None:
    gate(repository, "another_split", "--base", "main", "--junit", str(tmp_path / "gate.xml"))
    suite = ElementTree.parse(tmp_path / "gate.xml").getroot()
    assert suite.attrib == {"name": "lesions gate", "tests": "7", "failures": "1", "errors": "6"}


def test_a_missing_revision_is_named(repository: Repository, tmp_path: Path) -> None:
    status, output = gate(repository, "main", "--base", "nowhere", "--markdown", str(tmp_path / "gate.md"))
    assert status == 2
    assert "there is no revision nowhere in this repository; `git fetch` may fetch it." in output
    assert "- there is no revision nowhere in this repository" in (tmp_path / "gate.md").read_text()
    status, output = gate(repository, "main", "--base=--all")
    assert status == 2
    assert "there is no revision --all in this repository" in output


def test_a_shallow_clone_says_what_to_fetch(repository: Repository, tmp_path: Path) -> None:
    repository.run("git", "checkout", "--quiet", "main")
    url = f"file://{repository.root}"
    subprocess.run(["git", "clone", "--quiet", "--depth", "1", url, tmp_path / "shallow"], check=True)
    done = Repository(tmp_path / "shallow").run("lesions", "gate", "--base", "origin/worse", check=False)
    assert done.returncode == 2
    assert "there is no revision origin/worse in this shallow clone; fetch the history with" in done.stdout
    assert "git fetch --unshallow" in done.stdout


def test_the_gate_fails_outside_a_dvc_repository(tmp_path: Path, repository: Repository) -> None:
    (tmp_path / "params.yaml").write_text((repository.root / "params.yaml").read_text())
    done = Repository(tmp_path).run("lesions", "gate", "--base", "main", check=False)
    assert done.returncode == 2
    assert "DVC cannot read the metrics: you are not inside of a DVC repository" in done.stdout
    assert "Traceback" not in done.stdout


def test_an_invalid_rule_is_not_a_regression(repository: Repository) -> None:
    repository.run("git", "checkout", "--quiet", "main")
    params = repository.root / "params.yaml"
    text = params.read_text()
    params.write_text(text.replace("macro_f1: {direction: higher", "macro_f1: {direction: up"))
    done = repository.run("lesions", "gate", "--base", "main", check=False)
    params.write_text(text)
    assert done.returncode == 2
    assert "gate.macro_f1.direction: expected 'higher' or 'lower', got 'up'" in done.stdout


def test_both_files_are_written_when_something_unforeseen_happens(tmp_path: Path) -> None:
    """No DVC project, a parameter file that is a folder."""
    (tmp_path / "params.yaml").mkdir()
    files = ("--markdown", "gate.md", "--junit", "gate.xml")
    done = Repository(tmp_path).run("lesions", "gate", "--base", "main", *files, check=False)
    assert done.returncode == 2
    assert "Is a directory" in (tmp_path / "gate.md").read_text()
    assert "Is a directory" in (tmp_path / "gate.xml").read_text()
    assert "Traceback" not in done.stdout
    assert "Traceback" in Repository(tmp_path).run("lesions", "--debug", "gate", "--base", "a", check=False).stdout


def test_a_file_that_cannot_be_written_keeps_neither_the_other_nor_the_judgement(
    repository: Repository, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    files = ("--markdown", str(tmp_path / "file/gate.md"), "--junit", str(tmp_path / "gate.xml"))
    for branch, expected in (("better", 2), ("worse", 1)):
        status, output = gate(repository, branch, "--base", "main", *files)
        assert status == expected
        assert "file" in output and "resnet18" in output
        assert (tmp_path / "gate.xml").is_file()


def test_names_are_whole_on_a_narrow_terminal_and_no_line_is_broken_in_a_file(repository: Repository) -> None:
    repository.run("git", "checkout", "--quiet", "below_the_floor")
    narrow = repository.run("lesions", "gate", "--base", "main", check=False, COLUMNS="40", FORCE_COLOR="1").stdout
    for name in ("custom_cnn", "resnet18", "balanced_accuracy", "macro_roc_auc"):
        assert name in narrow
    _, wide = gate(repository, "below_the_floor", "--base", "main")
    assert "dropped beyond noise, regression" in wide
