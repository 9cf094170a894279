"""`lesions plan` counts the groups of the dataset, and looks at no prediction of a test image."""

import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from lesions.command_line.app import commands
from lesions.errors import InputError
from tests.repository import Repository


@pytest.fixture
def project(tiny: Repository, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tiny.root)
    return tiny.root


def run(*arguments: str) -> str:
    return CliRunner().invoke(commands, ["plan", *arguments], catch_exceptions=False).output


def read_cells(output: str, name: str) -> list[str]:
    (line,) = (line for line in output.splitlines() if line.startswith(name))
    return line.split()[1:]


@pytest.mark.parametrize("wanted", ["--half-width", "--difference"])
def test_the_groups_of_each_class_are_counted(project: Path, wanted: str) -> None:
    output = run(wanted, "0.1", "--expected", "0.9")
    images = pd.read_csv(project / "data/metadata.csv").merge(pd.read_csv(project / "data/splits.csv"), on="image_id")
    nevi = images[(images.diagnosis == "nevus") & images.split.isin(["train", "val", "test"])]
    expected, per_group, _, needed, tested, _, there = read_cells(output, "nevus")
    assert (expected, int(there)) == ("0.900", nevi.group_id.nunique())
    assert float(per_group) == pytest.approx(len(nevi) / nevi.group_id.nunique(), abs=0.005)
    assert int(tested) == nevi[nevi.split == "test"].group_id.nunique()
    assert int(needed) > 0


def test_the_sensitivity_is_planned_for_malignant_images_at_the_models_thresholds(project: Path) -> None:
    output = run("--half-width", "0.1", "--metric", "sensitivity")
    images = pd.read_csv(project / "data/metadata.csv").merge(pd.read_csv(project / "data/splits.csv"), on="image_id")
    malignant = ["actinic_keratosis", "basal_cell_carcinoma", "melanoma", "squamous_cell_carcinoma"]
    chosen = images[images.diagnosis.isin(malignant) & images.split.isin(["train", "val", "test"])]
    assert int(read_cells(output, "malignant")[-1]) == chosen.group_id.nunique()


def test_predictions_of_test_images_change_nothing(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = run("--half-width", "0.1", "--metric", "balanced_accuracy")
    shutil.copytree(
        project, tmp_path / "other", ignore=shutil.ignore_patterns(".git", ".dvc", "cache"), symlinks=True
    )
    for path in (tmp_path / "other/data/predictions").glob("*.csv"):
        table = pd.read_csv(path)
        path.unlink()
        table[table.split != "test"].to_csv(path, index=False)
    monkeypatch.chdir(tmp_path / "other")
    assert run("--half-width", "0.1", "--metric", "balanced_accuracy") == before
    assert re.search(r"The present test images reach 0\.\d{3} for the mean over the classes", before)


@pytest.fixture
def unevaluated(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the project before its models are evaluated, as the current folder."""
    for path in ("params.yaml", "data/metadata.csv", "data/splits.csv", "data/classes.json"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        shutil.copy(project / path, tmp_path / path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("unevaluated")
def test_before_the_models_are_evaluated_scores_are_assumed() -> None:
    output = run("--half-width", "0.1")
    assert "is assumed to correlate by 0.5" in output
    assert "A score of 0.8 is assumed for" in output


def test_models_that_call_every_image_malignant_say_nothing_of_the_sensitivity(
    project: Path, unevaluated: Path
) -> None:
    shutil.copytree(project / "data/predictions", unevaluated / "data/predictions")

    def plan(**thresholds: float) -> str:
        for model, threshold in thresholds.items():
            path = Path(f"metrics/{model}/malignancy.json")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps({"threshold": threshold}))
        return " ".join(run("--half-width", "0.1", "--metric", "sensitivity").split())

    left_out = (
        "is left out: validation has too few malignant images for a threshold, so that it calls every image mal"
    )
    none = plan(custom_cnn=0.0, resnet18=0.0)
    assert f"custom_cnn {left_out}" in none
    assert f"resnet18 {left_out}" in none
    assert "from the threshold of its model on" not in none
    assert "A score of 0.8 is assumed for malignant" in none
    one = plan(custom_cnn=0.0, resnet18=0.4)
    assert f"custom_cnn {left_out}" in one
    assert f"resnet18 {left_out}" not in one
    assert "An image is called malignant from the threshold of its model on." in one


@pytest.mark.parametrize("arguments", [(), ("--half-width", "0.1", "--difference", "0.1")])
def test_either_a_half_width_or_a_difference_is_planned(project: Path, arguments: tuple[str, ...]) -> None:
    with pytest.raises(InputError, match="expected --half-width or --difference, and not both"):
        run(*arguments)


def test_a_project_without_a_split_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"there is no data/metadata\.csv; `dvc repro` makes it, or `dvc pull` gets"):
        run("--half-width", "0.1")
