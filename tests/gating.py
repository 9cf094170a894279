"""Metrics of a model on test images, whose figures are those of its predictions, for tests of the gate."""

import json
from contextlib import chdir
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np

from lesions.command_line.gate import judge_workspace
from lesions.evaluation.summary import summarise_scores
from lesions.gate.metrics import ModelMetrics, RevisionMetrics
from lesions.gate.revisions import RulesOf
from lesions.parameters.section import read_parameters
from lesions.tables.digest import write_digest
from lesions.tables.predictions import Predictions
from tests.repository import Repository
from tests.runs import build_predictions, guess, true_classes

SHA256 = "ab" * 32
N = 200


def predict(skill: float, seed: int = 0) -> Predictions:
    """Return predictions of 200 test images with the given skill, which is 0 by chance."""
    y_true = true_classes(N)
    return build_predictions(y_true, guess(y_true, skill, seed))


def predict_rightly(accuracy: float, N: int = 1000) -> Predictions:
    """Return predictions of which this share is right, and of which no two agree in the wrong class."""
    y_true = true_classes(N)
    right = np.arange(N) < round(accuracy * N)
    return build_predictions(y_true, 2.0 * np.eye(3)[np.where(right, y_true, (y_true + 1) % 3)])


def predict_with_log_loss(log_loss: float, N: int = 20) -> Predictions:
    """Return predictions that give each image's true class the same probability, whose log loss is this."""
    y_true, p = true_classes(N), np.exp(-log_loss)
    return build_predictions(y_true, np.log(np.where(np.eye(3)[y_true] > 0, p, (1 - p) / 2)))


def measure(predictions: Predictions, **changes: Any) -> ModelMetrics:
    """Return a model's metrics, with some figures of `test.json` changed."""
    return ModelMetrics(summarise_scores(predictions) | changes, predictions)


def build_base(models: dict[str, ModelMetrics], sha256: str | None = SHA256) -> RevisionMetrics:
    """Return the metrics of the base."""
    return RevisionMetrics("the base", models, sha256)


def build_now(models: dict[str, ModelMetrics], sha256: str | None = SHA256) -> RevisionMetrics:
    """Return the metrics of the workspace."""
    return RevisionMetrics("the workspace", models, sha256)


def write_model(root: Path, model: str, predictions: Predictions) -> None:
    """Write the files of a model that the gate reads."""
    folder = root / f"metrics/{model}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "test.json").write_text(json.dumps(summarise_scores(predictions)))
    write_digest(folder / "digest.json", predictions)


def write_split(root: Path, sha256: str = SHA256) -> None:
    """Write `metrics/split.json` as far as the gate reads it."""
    (root / "metrics").mkdir(parents=True, exist_ok=True)
    (root / "metrics/split.json").write_text(json.dumps({"leaked_test_share": None, "test_images_sha256": sha256}))


RULES = {
    "accuracy": {"direction": "higher", "floor": 0.5, "largest_drop": 0.02, "beyond_noise": True},
    "log_loss": {"direction": "lower", "floor": None, "largest_drop": 0.1, "beyond_noise": False},
}


def write_params(root: Path, models: Any, rules: Any = RULES, **others: Any) -> None:
    """Write a parameter file as far as the gate reads it; the models and the rules may be anything."""
    (root / "params.yaml").write_text(json.dumps({"models": models, "gate": rules, **others}))  # JSON is YAML


def build_project(root: Path) -> Repository:
    """Build a DVC project of one model, `a`, with what the gate reads, and commit it."""
    write_params(root, ["a"])
    write_model(root, "a", predict(1.5))
    write_split(root)
    repository = Repository(root)
    repository.run("git", "init", "--quiet", "--initial-branch", "main")
    repository.set_identity()
    repository.dvc("init", "--quiet")
    repository.commit("Run")
    return repository


def judge(root: Path, base: str, rules: RulesOf = "workspace") -> tuple[int, str, ElementTree.Element]:
    """Run the gate in this process; return its exit code, its Markdown and its JUnit XML, which are new."""
    read_parameters.cache_clear()
    markdown, junit = root / "gate.md", root / "gate.xml"
    for file in (markdown, junit):
        file.unlink(missing_ok=True)
    with chdir(root):
        status = judge_workspace(base, Path("params.yaml"), rules, markdown=markdown, junit=junit)
    return status, markdown.read_text(encoding="utf-8"), ElementTree.parse(junit).getroot()
