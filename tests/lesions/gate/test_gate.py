"""`lesions gate` in a real repository, with a branch for each outcome."""

import json
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest
from ruamel.yaml import YAML

from lesions.parameters.overlay import lay_over
from lesions.tables.digest import write_digest
from tests.repository import Repository, copy_repository
from tests.runs import build_predictions, guess, true_classes

MODELS = ("custom_cnn", "resnet18")
GOOD = {"balanced_accuracy": 0.7, "macro_f1": 0.6, "macro_roc_auc": 0.9}


def write_metrics(
    repository: Repository, model: str, metrics: dict[str, float], *, skill: float = 1.5, seed: int = 0
) -> None:
    """Write scores, and the digest of predictions with the given skill; the scores need not be of those."""
    path = repository.root / f"metrics/{model}/test.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(metrics))
    y_true = true_classes(200)
    write_digest(path.with_name("digest.json"), build_predictions(y_true, guess(y_true, skill, seed)))


def write_split(repository: Repository, sha256: str) -> None:
    (repository.root / "metrics/split.json").write_text(json.dumps({"test_images_sha256": sha256}))


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

    rule = {"largest_drop": 0.08}
    lay_over(repository.root / "params.yaml", {"gate": {"balanced_accuracy": rule, "macro_f1": rule}})
    repository.commit("Rules")
    repository.run("git", "branch", "never_run")
    for model in MODELS:
        write_metrics(repository, model, GOOD)
    write_split(repository, "aa")
    repository.commit("Run")
    for name, change, skill, seed in (
        ("better", 0.1, 1.5, 0),
        ("slightly_worse", -0.01, 0.5, 0),
        ("worse", -0.1, 0.5, 0),
        ("worse_by_chance", -0.1, 1.5, 1),
    ):
        branch(name)
        write_metrics(repository, "resnet18", GOOD | {"macro_f1": 0.6 + change}, skill=skill, seed=seed)
        repository.commit(name)
    branch("without_digest")
    write_metrics(repository, "resnet18", GOOD | {"macro_f1": 0.5})
    (repository.root / "metrics/resnet18/digest.json").unlink()
    repository.commit("without digest")
    branch("below_the_floor")
    write_metrics(repository, "resnet18", GOOD | {"macro_roc_auc": 0.8})
    repository.commit("below")
    branch("another_split")
    write_split(repository, "bb")
    repository.commit("split")
    branch("model_removed")
    list_models(repository, "custom_cnn")
    shutil.rmtree(repository.root / "metrics/resnet18")
    repository.commit("removed")
    branch("model_added")
    list_models(repository, *MODELS, "resnet34")
    write_metrics(repository, "resnet34", GOOD)
    repository.commit("added")
    assert repository.dvc("remote", "list").strip() == ""
    return repository


def gate(repository: Repository, branch: str, *options: str) -> tuple[int, str]:
    repository.run("git", "checkout", "--quiet", branch)
    done = repository.run("lesions", "gate", *options, check=False)
    return done.returncode, done.stdout


@pytest.mark.parametrize(
    ("branch", "status", "words"),
    [
        ("main", 0, "macro_f1          0.6000 0.6000 +0.0000 ≥ 0.4  0.08 unchanged"),
        ("better", 0, "macro_f1          0.6000 0.7000 +0.1000 ≥ 0.4  0.08 better"),
        ("slightly_worse", 0, "macro_f1          0.6000 0.5900 -0.0100 ≥ 0.4  0.08 worse, allowed"),
        ("worse", 1, "macro_f1          0.6000 0.5000 -0.1000 ≥ 0.4  0.08 regression"),
        ("worse_by_chance", 0, "macro_f1          0.6000 0.5000 -0.1000 ≥ 0.4  0.08 not significant"),
        (
            "without_digest",
            2,
            "the workspace has no metrics/resnet18/digest.json, which the test of a drop needs",
        ),
        ("below_the_floor", 1, "macro_roc_auc     0.9000 0.8000 -0.1000 ≥ 0.85 0.03 below the floor"),
        ("another_split", 2, "the test images are not those of the base, because the dataset or its split differs"),
        ("model_removed", 0, "macro_f1          0.6000 –      –       ≥ 0.4  0.08 model removed"),
        ("model_added", 0, "macro_f1          –      0.6000 –       ≥ 0.4  0.08 model added"),
        ("never_run", 2, "the workspace has no metrics/<model>/test.json; run `dvc repro` first."),
    ],
)
def test_a_branch_compared_with_main(repository: Repository, branch: str, status: int, words: str) -> None:
    exit_code, output = gate(repository, branch, "--base", "main")
    assert words in output
    assert exit_code == status
    assert output.splitlines()[-1].endswith({0: ": passed", 1: ": failed", 2: ": cannot tell"}[status])


def test_metrics_that_the_base_lacks_are_reported(repository: Repository) -> None:
    status, output = gate(repository, "main", "--base", "never_run")
    assert "the base has no metrics/<model>/test.json" in output
    assert status == 2


def test_markdown_and_junit_report_the_same_as_the_terminal(repository: Repository, tmp_path: Path) -> None:
    files = ("--markdown", str(tmp_path / "gate.md"), "--junit", str(tmp_path / "gate.xml"))
    status, _ = gate(repository, "worse", "--base", "main", *files)
    assert status == 1
    text = (tmp_path / "gate.md").read_text(encoding="utf-8")
    assert text.startswith("## Metrics gate: failed\n")
    assert "| resnet18 | macro_f1 | 0.6000 | 0.5000 | -0.1000 | ≥ 0.4 | 0.08 | **regression** |" in text
    assert text.count("| unchanged |") == 5
    suite = ElementTree.parse(tmp_path / "gate.xml").getroot()
    assert suite.attrib == {"name": "lesions gate", "tests": "6", "failures": "1", "errors": "0"}
    (case,) = [case for case in suite if case.find("failure") is not None]
    assert (case.get("classname"), case.get("name")) == ("gate.resnet18", "macro_f1")
    failure = case.find("failure")
    assert failure is not None
    assert failure.get("message") == "regression: 0.6000 at the base, 0.5000 now (-0.1000); floor ≥ 0.4, drop 0.08"


def test_a_metric_that_cannot_be_judged_is_an_error_in_junit(repository: Repository, tmp_path: Path) -> None:
    gate(repository, "another_split", "--base", "main", "--junit", str(tmp_path / "gate.xml"))
    suite = ElementTree.parse(tmp_path / "gate.xml").getroot()
    assert suite.attrib == {"name": "lesions gate", "tests": "7", "failures": "0", "errors": "7"}


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


@pytest.mark.parametrize("content", [None, "{"])
def test_a_model_with_lost_metrics_does_not_count_as_removed(repository: Repository, content: str | None) -> None:
    repository.run("git", "checkout", "--quiet", "main")
    path = repository.root / "metrics/resnet18/test.json"
    before = path.read_text()
    path.unlink()
    if content is not None:
        path.write_text(content)
    done = repository.run("lesions", "gate", "--base", "main", check=False)
    path.write_text(before)
    assert done.returncode == 2
    assert "metrics/resnet18/test.json of the workspace is missing or broken." in done.stdout


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
