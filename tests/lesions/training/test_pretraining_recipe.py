"""What decides a pretraining is in its recipe, and nothing else."""

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from lesions.errors import InputError
from lesions.training.pretraining_recipe import (
    PretrainingRecipe,
    read_pretraining,
    resolve_pretraining,
    write_pretraining,
)
from lesions.training.recipe import resolve_recipe
from tests.builders import ROOT


def resolve(folder: Path, section: dict[str, Any] | None = None, **sections: dict[str, Any]) -> PretrainingRecipe:
    """Resolve the pretraining of ResNet-18, whose section and others are changed."""
    parameters = YAML(typ="safe", pure=True).load(ROOT / "params.yaml")
    for name, changes in sections.items():
        parameters[name] |= changes
    parameters["architectures"]["resnet18"] |= {"weights": "pretrained", **(section or {})}
    path = folder / f"params_{len(list(folder.iterdir()))}.yaml"
    YAML(typ="safe", pure=True).dump(parameters, path)
    resolved = resolve_pretraining(path, resolve_recipe(path, "resnet18"))
    assert resolved is not None
    return resolved


def test_a_model_with_other_weights_or_without_any_is_not_pretrained() -> None:
    params = ROOT / "params.yaml"
    for model in ("custom_cnn", "resnet18"):
        assert resolve_pretraining(params, resolve_recipe(params, model)) is None


def test_settings_of_training_change_nothing_and_those_of_the_images_and_of_pretraining_do(tmp_path: Path) -> None:
    expected = resolve(tmp_path)
    assert resolve(tmp_path, {"learning_rate": 0.5, "dropout": 0.9, "head_widths": [7]}) == expected
    assert resolve(tmp_path, training={"seed": 9, "batch_size": 7}, loss={"label_smoothing": 0.1}) == expected
    assert resolve(tmp_path, {"size_px": 48}) != expected
    assert resolve(tmp_path, {"backbone": "resnet34"}) != expected
    assert resolve(tmp_path, pretraining={"seed": 1}) != expected
    assert resolve(tmp_path, training={"precision": "float32"}) != expected


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"num_epochs": 0}, "pretraining.num_epochs: expected a number >= 1, got 0"),
        ({"batch_size": 1}, "pretraining.batch_size: expected a number >= 2, got 1"),
        ({"method": "byol"}, "pretraining.method: there is no such parameter"),
    ],
)
def test_a_wrong_parameter_is_named(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as error:
        resolve(tmp_path, pretraining=changes)
    assert str(error.value).endswith(f"params_0.yaml: {message}")


def test_a_written_recipe_is_read_as_it_was_and_another_file_is_refused(tmp_path: Path) -> None:
    resolved, path = resolve(tmp_path), tmp_path / "a.json"
    for recipe in (resolved, None):
        write_pretraining(path, recipe)
        assert read_pretraining(path) == recipe
    path.write_text("{}")
    with pytest.raises(InputError) as error:
        read_pretraining(path)
    assert str(error.value) == f"{path}: not what resolve_recipes writes; run that stage again"
    path.unlink()
    with pytest.raises(InputError) as error:
        read_pretraining(path)
    assert str(error.value) == f"{path}: there is no such file; run the stage resolve_recipes"
