"""A model's recipe: the shared sections, with what the model overrides, each parameter named in full."""

import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from lesions.errors import InputError
from lesions.networks.parameters import CustomCNNParameters
from lesions.training.recipe import list_overridden, read_recipe, resolve_recipe, write_recipe
from tests.builders import ROOT


@pytest.fixture
def write_sections(tmp_path: Path) -> Any:
    """A function that changes sections of the shipped parameters and returns the new file."""

    def write(recipe: object = None, **changes: dict[str, Any]) -> Path:
        sections = YAML(typ="safe", pure=True).load(ROOT / "params.yaml")
        for name, change in changes.items():
            sections[name] |= change
        if recipe is not None:
            sections["architectures"]["custom_cnn"]["recipe"] = recipe
        path = tmp_path / f"params_{len(list(tmp_path.iterdir()))}.yaml"
        YAML(typ="safe", pure=True).dump(sections, path)
        return path

    return write


def test_without_overrides_the_recipe_is_the_shared_sections(write_sections: Any) -> None:
    params = write_sections(loss={"label_smoothing": 0.1})
    recipe = resolve_recipe(params, "custom_cnn")
    assert recipe.loss.label_smoothing == 0.1
    assert recipe.loss == resolve_recipe(params, "resnet18").loss
    assert isinstance(recipe.architecture, CustomCNNParameters)
    assert list_overridden(params, "custom_cnn") == []


def test_an_override_changes_one_parameter_of_one_model(write_sections: Any) -> None:
    overrides = {"loss": {"kind": "focal", "focal_gamma": 2}, "sampling": {"scheme": "class_balanced"}}
    params = write_sections(overrides, loss={"label_smoothing": 0.1})
    recipe, other = resolve_recipe(params, "custom_cnn"), resolve_recipe(params, "resnet18")
    assert (recipe.loss.kind, recipe.loss.focal_gamma, recipe.loss.label_smoothing) == ("focal", 2, 0.1)
    assert (other.loss.kind, other.loss.focal_gamma, other.sampling.scheme) == ("cross_entropy", None, "shuffled")
    assert sorted(list_overridden(params, "custom_cnn")) == ["loss.focal_gamma", "loss.kind", "sampling.scheme"]
    assert recipe.schedule == other.schedule


def test_a_recipe_keeps_every_digit_on_disk_and_the_same_recipe_gives_the_same_bytes(
    write_sections: Any, tmp_path: Path
) -> None:
    params = write_sections({"optimizer": {"weight_decay": 0.123456789012345}})
    recipe = resolve_recipe(params, "custom_cnn")
    for name in ("a.json", "b.json"):
        write_recipe(tmp_path / name, recipe)
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert read_recipe(tmp_path / "a.json") == recipe


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        (
            {"losses": {"kind": "focal"}},
            "architectures.custom_cnn.recipe.losses: there is no such section; a model may override augmentation, lo",
        ),
        ({"loss": {"gamma": 2}}, "architectures.custom_cnn.recipe.loss.gamma: there is no such parameter"),
        (
            {"loss": {"kind": "focal"}},
            "architectures.custom_cnn.recipe.loss: focal_gamma belongs to the kind focal; got kind focal, focal_ga"
            "mma None",
        ),
        (
            {"training": {"batch_size": 1}},
            "architectures.custom_cnn.recipe.training.batch_size: expected a number >= 2, got 1",
        ),
        ({"training": {}}, "architectures.custom_cnn.recipe.training: expected parameters of training, got {}"),
        ({"loss": 3}, "architectures.custom_cnn.recipe.loss: expected parameters of loss, got 3"),
        (["loss"], "architectures.custom_cnn.recipe: expected sections with parameters, got ['loss']"),
        (
            {"hardware": {"device": "cpu"}},
            "architectures.custom_cnn.recipe.hardware: there is no such section; a m",
        ),
        (
            {"sampling": {"scheme": "class_balanced"}, "loss": {"logit_adjustment": 1}},
            "architectures.custom_cnn.recipe.loss.logit_adjustment is 1, but "
            "architectures.custom_cnn.recipe.sampling.scheme class_balanced shows all diagnoses equally often",
        ),
    ],
)
def test_an_invalid_override_is_refused_with_its_full_name(write_sections: Any, recipe: object, message: str) -> None:
    params = write_sections(recipe)
    with pytest.raises(InputError, match=re.escape(message)):
        resolve_recipe(params, "custom_cnn")
    if "custom_cnn.recipe" in message:
        assert resolve_recipe(params, "resnet18").training.batch_size == 32


def test_a_parameter_without_effect_is_named_where_it_is_set(write_sections: Any) -> None:
    params = write_sections({"sampling": {"scheme": "class_balanced"}}, loss={"logit_adjustment": 0.5})
    expected = (
        "loss.logit_adjustment is 0.5, but architectures.custom_cnn.recipe.sampling.scheme class_balanced shows all "
        "diagnoses equally often, so the adjustment has no effect; set loss.logit_adjustment to 0 or "
        "architectures.custom_cnn.recipe.sampling.scheme to shuffled"
    )
    with pytest.raises(InputError, match=f"^{re.escape(expected)}$"):
        resolve_recipe(params, "custom_cnn")
    square_root = write_sections({"sampling": {"scheme": "square_root"}}, loss={"logit_adjustment": 0.5})
    assert resolve_recipe(square_root, "custom_cnn").sampling.scheme == "square_root"


NO_WARM_UP = {"warmup_fraction": None, "factor": 0.1}


@pytest.mark.parametrize(
    ("schedule", "message"),
    [
        (
            {"name": "step", "every_epochs": 18} | NO_WARM_UP,
            "schedule.every_epochs is 18, and the learning rate falls in epoch 19 of a phase at the earliest, but no "
            "phase of architectures.custom_cnn has more than 18 epochs: it would never fall",
        ),
        (
            {"name": "plateau", "every_epochs": 17} | NO_WARM_UP,
            "schedule.every_epochs is 17, and the learning rate falls in epoch 19 of a phase at the earliest, but no "
            "phase of architectures.custom_cnn has more than 18 epochs: it would never fall",
        ),
        (
            {"name": "plateau", "every_epochs": 10} | NO_WARM_UP,
            "schedule.every_epochs is 10, but training.patience_epochs is 10: training would stop before",
        ),
    ],
)
def test_a_schedule_whose_rate_never_falls_is_refused(
    write_sections: Any, schedule: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=f"^{re.escape(message)}"):
        resolve_recipe(write_sections(schedule=schedule), "custom_cnn")
    with pytest.raises(InputError, match=re.escape(f"architectures.custom_cnn.recipe.{message}")):
        resolve_recipe(write_sections({"schedule": schedule}), "custom_cnn")
    allowed = schedule | {"every_epochs": 9}
    assert resolve_recipe(write_sections(schedule=allowed), "custom_cnn").schedule.every_epochs == 9


def test_a_missing_or_invalid_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a\.json: there is no such file; run the stage resolve_recipes"):
        read_recipe(tmp_path / "a.json")
    (tmp_path / "a.json").write_text('{"loss": {}}')
    with pytest.raises(InputError, match=r"a\.json: not what resolve_recipes writes"):
        read_recipe(tmp_path / "a.json")
