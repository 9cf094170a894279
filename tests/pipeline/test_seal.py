"""Sealing and unsealing a whole run: no score of a test image is anywhere before, and no network is trained again."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score
from typer.testing import CliRunner

from lesions.command_line.app import commands
from lesions.errors import InputError
from lesions.experiments.inputs import Inputs
from lesions.experiments.revisions import Experiment, read_scored_predictions
from lesions.parameters.overlay import lay_over
from lesions.parameters.section import read_parameters
from tests.repository import MODELS, Repository, stages_run

SCORED = sorted(
    [
        "split_by_patient",
        "fit_baselines",
        "fit_probes",
        *(
            f"{verb}@{model}"
            for verb in ("evaluate", "evaluate_malignancy", "evaluate_robustness", "evaluate_subgroups")
            for model in MODELS
        ),
        "compare",
        "report",
    ]
)


def list_test_scores(root: Path, model: str) -> list[float]:
    """The true scores of the test images, from the raw logits."""
    table = pd.read_csv(root / f"data/logits/{model}.csv").query("split == 'test'")
    called = [str(name).removeprefix("logit_") for name in table.filter(regex="^logit_").idxmax(axis=1)]
    macro = f1_score(table.y_true, called, average="macro", labels=sorted(table.y_true.unique()), zero_division=0)
    return [accuracy_score(table.y_true, called), balanced_accuracy_score(table.y_true, called), macro]


def list_numbers(value: Any) -> Iterator[float]:
    """All numbers in a JSON value."""
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from list_numbers(item)
    elif isinstance(value, float):
        yield value


def find_leaks(root: Path, scores: list[float]) -> list[str]:
    """The files that hold one of the scores: metrics and plots to six decimals, the page to three."""
    files = [*(root / "metrics").rglob("*.json"), *(root / "plots").rglob("*.json")]
    numbers = {str(path.relative_to(root)): [*list_numbers(json.loads(path.read_text()))] for path in files}
    leaks = [name for name, found in numbers.items() if any(abs(n - s) < 2e-6 for n in found for s in scores)]
    page = re.sub(r'"data:[^"]*"', "", (root / "report/index.html").read_text())
    return leaks + ["report"] * any(f"{score:.3f}" in page for score in scores)


def refuse(message: str, *arguments: str) -> None:
    read_parameters.cache_clear()
    with pytest.raises(InputError, match=message):
        CliRunner().invoke(commands, arguments, catch_exceptions=False)


@pytest.mark.slow
def test_sealed_test_images_are_scored_nowhere_until_they_are_unsealed(
    fresh: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, scores = fresh.tracked_outputs(), [s for model in MODELS for s in list_test_scores(fresh.root, model)]
    assert {"report", *(f"metrics/{model}/test.json" for model in MODELS)} <= set(find_leaks(fresh.root, scores))

    lay_over(fresh.root / "params.yaml", {"split": {"seal": True}})
    output = fresh.dvc("repro")
    assert stages_run(output) == SCORED
    assert not any(f"{score:.3f}" in output for score in scores)
    assert find_leaks(fresh.root, scores) == []
    for path in (fresh.root / "data/predictions").rglob("*.csv"):
        assert set(pd.read_csv(path).split) == {"val"}
    assert {path.name for path in (fresh.root / "data/pictures").rglob("mistake*")} == {"mistakes.json"}
    assert "sealed" in fresh.dvc("metrics", "show")
    fresh.dvc("plots", "show")
    fresh.commit("Seal")

    monkeypatch.chdir(fresh.root)
    refuse(r"^the test images are sealed", "compare", "custom_cnn", "resnet18", "--split", "test")
    refuse(r"^the test images are sealed", "compare", "HEAD~1", "HEAD~1:class_prior", "--split", "test")
    refuse(r"^the test images are sealed", "repeat", "--seeds", "2")
    refuse(r"the test images \(--split\) are sealed", "score", "data/predictions/custom_cnn.csv")
    table = pd.read_csv("data/predictions/custom_cnn.csv")
    tested = pd.read_csv("data/splits.csv").query("split == 'test'").image_id.iloc[0]
    table.assign(image_id=[tested, *table.image_id[1:]]).to_csv("foreign.csv", index=False)
    refuse(r"1 images of foreign\.csv, which are test images or of other .* sealed", "score", "foreign.csv", *VAL)
    Path("foreign.csv").unlink()
    with pytest.raises(InputError, match=r"the test images of HEAD are sealed"):
        read_scored_predictions(Experiment("HEAD", fresh.run("git", "rev-parse", "HEAD").stdout.strip(), Inputs()))
    on_validation = CliRunner().invoke(commands, ["compare", "custom_cnn", "resnet18"], catch_exceptions=False)
    assert "the reference" in on_validation.output

    fresh.run("lesions", "unseal", "--reason", "The models are final")
    assert not [stage for stage in stages_run(fresh.dvc("repro")) if stage not in SCORED]
    assert fresh.tracked_outputs() == before
    refuse(r"the test images of HEAD:\w+ are sealed", "compare", "custom_cnn", "HEAD", "--split", "test")
    assert "M params.yaml" in fresh.run("git", "status", "--porcelain").stdout


VAL = ("--split", "val")
"""The rows of validation images, where a test image has slipped in."""
