"""Our scores of a prediction file equal those of the ISIC challenge's published scorer.

The scorer needs its own environment with older libraries, installed from a package registry: marked slow.
"""

import re
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lesions.evaluation.scores import score_predictions
from lesions.tables.predictions import read_predictions, write_predictions
from tests.runs import build_predictions, guess, true_classes

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def scorer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the scorer in its own environment, and return its path."""
    environment = tmp_path_factory.mktemp("isic") / "environment"
    subprocess.run(["uv", "venv", "--quiet", environment], check=True)
    python = environment / "bin/python"
    # It calls functions that pandas 3 has removed.
    packages = ("isic-challenge-scoring", "pandas<3")
    subprocess.run(["uv", "pip", "install", "--quiet", "--python", python, *packages], check=True)
    return environment / "bin/isic-challenge-scoring"


def write_challenge_files(folder: Path, table: Path) -> tuple[Path, Path]:
    """Convert the test images of a prediction table into the challenge's two files."""
    predictions = read_predictions(table).select("test")
    images = predictions.images.image_id.to_numpy()
    truth = pd.DataFrame(np.eye(len(predictions.classes))[predictions.y_true], columns=predictions.classes)
    truth.insert(0, "image", images)
    truth["score_weight"] = truth["validation_weight"] = 1.0
    guesses = pd.DataFrame(predictions.y_prob, columns=predictions.classes)
    guesses.insert(0, "image", images)
    files = folder / "truth.csv", folder / "guesses.csv"
    for file, content in zip(files, (truth, guesses), strict=True):
        content.to_csv(file, index=False)
    return files


def test_scores_equal_those_of_the_published_scorer(scorer: Path, tmp_path: Path) -> None:
    y_true = true_classes(400)
    logits = guess(y_true, 1.2)
    write_predictions(tmp_path / "model.csv", build_predictions(y_true, logits))
    files = write_challenge_files(tmp_path, tmp_path / "model.csv")
    done = subprocess.run(
        [scorer, "classification", "--metric", "balanced_accuracy", *files],
        capture_output=True,
        text=True,
        check=True,
    )
    ours = read_predictions(tmp_path / "model.csv")
    expected = score_predictions(ours.y_true, ours.y_prob)
    printed = {name: float(value) for name, value in re.findall(r"^(\w+) +([\d.]+)$", done.stdout, re.MULTILINE)}
    assert printed["balanced_accuracy"] == pytest.approx(expected["balanced_accuracy"], abs=1e-6)
    assert printed["auc"] == pytest.approx(expected["macro_roc_auc"], abs=1e-6)
    assert printed["ap"] == pytest.approx(expected["mean_average_precision"], abs=1e-6)
