"""`lesions compare` compares models of the workspace, of revisions and of experiments."""

import json
from pathlib import Path

import pytest
from sklearn.metrics import balanced_accuracy_score
from typer.testing import CliRunner

from lesions.command_line.app import commands
from lesions.errors import InputError
from lesions.tables.predictions import read_predictions
from tests.repository import Repository


@pytest.fixture
def project(tiny: Repository, monkeypatch: pytest.MonkeyPatch) -> Repository:
    monkeypatch.chdir(tiny.root)
    return tiny


def run(*arguments: str) -> str:
    return CliRunner().invoke(commands, ["compare", *arguments], catch_exceptions=False).output


def test_models_are_compared_on_validation_images(project: Repository, tmp_path: Path) -> None:
    output = run("resnet18", "custom_cnn", "class_prior", "--output", str(tmp_path / "c.json"))
    compared = json.loads((tmp_path / "c.json").read_text())
    for entry in compared["models"][:2]:
        val = read_predictions(project.root / f"data/predictions/{entry['name']}.csv").select("val")
        assert entry["score"] == pytest.approx(balanced_accuracy_score(val.y_true, val.y_pred), abs=1e-6)
    assert [entry["name"] for entry in compared["models"]] == ["resnet18", "custom_cnn", "class_prior"]
    assert "looked at" not in output
    assert output.startswith(f"balanced accuracy on {len(val.images)} validation images of ")


def test_a_revision_stands_for_its_best_model_and_names_another(project: Repository) -> None:
    best = json.loads((project.root / "metrics/comparison.json").read_text())["best"]
    output = run("HEAD", "HEAD:class_prior", "resnet18")
    names = [line.split()[0] for line in output.splitlines()[2:5]]
    assert names == [f"HEAD:{best}", "HEAD:class_prior", "resnet18"]


def test_a_look_at_test_images_is_counted(project: Repository, tmp_path: Path) -> None:
    output = run("resnet18", "custom_cnn", "--split", "test", "--markdown", str(tmp_path / "c.md"))
    assert "The workspace's test images have been looked at 2 times" in output
    lines = (tmp_path / "c.md").read_text().splitlines()
    assert lines[0].startswith("balanced accuracy on ") and "test images" in lines[0]
    assert lines[4].startswith("| resnet18 | 0.")
    assert lines[-1] == output.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("resnet18",), "expected a reference and at least one name to compare with it"),
        (
            ("resnet18", "nothing"),
            "'nothing' is no model of the workspace, and there is no revision nothing in this",
        ),
        (("resnet18", "HEAD:nothing"), "HEAD:nothing: that revision has no predictions of nothing"),
        (("resnet18", "resnet18"), "resnet18 and resnet18 are the same"),
        (("HEAD:resnet18", "main:resnet18"), "HEAD:resnet18 and main:resnet18 are the same"),
        (
            ("resnet18", "custom_cnn", "--metric", "speed"),
            "the validation images do not define speed; they define",
        ),
    ],
)
def test_names_that_cannot_be_compared_are_refused(
    project: Repository, arguments: tuple[str, ...], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        run(*arguments)
