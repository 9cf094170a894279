"""A model is pretrained, trained from it, and not pretrained again, whatever becomes of its training."""

import json
from pathlib import Path

import pytest
from safetensors.numpy import load_file

from lesions.parameters.overlay import lay_over
from tests.repository import Repository, stages_run

REREAD = ["resolve_recipes", "trace_code"]
"""The stages that read the section of every architecture."""


@pytest.mark.slow
def test_the_empty_folder_of_a_model_that_is_not_pretrained_comes_into_a_clone(
    tiny: Repository, tmp_path: Path
) -> None:
    assert list((tiny.root / "data/pretrained/resnet18").iterdir()) == []
    clone = tiny.clone(tmp_path / "clone")
    clone.dvc("checkout", "pretrain@resnet18")
    assert list((clone.root / "data/pretrained/resnet18").iterdir()) == []
    assert stages_run(clone.dvc("repro", "--dry", "--allow-missing")) == []


@pytest.mark.slow
def test_a_model_is_pretrained_and_trained_from_its_backbone_and_the_others_stay_as_they_are(
    fresh: Repository, tmp_path: Path
) -> None:
    resnet18 = {"weights": "pretrained"}
    lay_over(
        fresh.root / "params.yaml",
        {"architectures": {"resnet18": resnet18}, "pretraining": {"num_epochs": 1, "batch_size": 16}},
    )
    stages = ("train@custom_cnn", "train@resnet18")
    printed = fresh.dvc("repro", *stages)
    assert stages_run(printed) == ["pretrain@resnet18", *REREAD, "train@resnet18"]
    assert stages_run(fresh.dvc("repro", *stages)) == []
    trained = json.loads((fresh.root / "metrics/resnet18/train.json").read_text())
    assert trained["pretraining_num_epochs"] == 1
    assert 0 < trained["pretraining_loss"] < 2

    # Its training may change without another pretraining. A backbone that does not learn keeps what it began with.
    phase = {"name": "head", "num_epochs": 1, "layers": "head", "learning_rate_factor": 1, "backbone_factor": None}
    lay_over(fresh.root / "params.yaml", {"architectures": {"resnet18": resnet18 | {"phases": [phase]}}})
    assert stages_run(fresh.dvc("repro", *stages)) == [*REREAD, "train@resnet18"]
    pretrained = load_file(fresh.root / "data/pretrained/resnet18/backbone.safetensors")
    network = load_file(fresh.root / "data/checkpoints/resnet18.safetensors")
    for name, weights in pretrained.items():
        assert (network[f"backbone.{name}"] == weights).all(), name

    fresh.commit("Pretrain")
    clone = fresh.clone(tmp_path / "clone")
    clone.dvc("checkout", "pretrain@resnet18")
    assert load_file(clone.root / "data/pretrained/resnet18/backbone.safetensors").keys() == pretrained.keys()
