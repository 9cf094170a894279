"""Presets are laid over the defaults; the user's dataset and task stay unless a preset sets them."""

from pathlib import Path
from typing import Any

import pytest

from lesions.errors import InputError
from lesions.parameters.composition import compose_parameters
from lesions.parameters.overlay import lay_over
from tests.presets import DEFAULT, FOLDER, lay_presets, load, write_default

CLINIC = {
    "names": ["csv"],
    "external": ["pad_ufes_20"],
    "root": "data/raw/clinic",
    "diagnoses": "shared",
    "table": "findings.csv",
    "columns": {"image_id": "photo", "patient_id": "who", "lesion_id": "spot", "diagnosis": "finding"},
    "words": {"diagnosis": {"naevus": "nevus"}},
    "missing": ["?"],
    "lesions_by_patient": True,
}
TASK = {
    "name": "pigment",
    "groupings": {"pigment": {"pigmented": ["melanoma", "nevus"], "other": ["basal_cell_carcinoma"]}},
}


@pytest.fixture
def params(tmp_path: Path) -> Path:
    return write_default(tmp_path)


def write_preset(folder: Path, name: str, text: str) -> str:
    """Write a preset of a test's own and return what names it."""
    (folder / f"{name}.yaml").write_text(text)
    return str(folder / f"{name}.yaml")


def test_presets_are_applied_in_the_given_order(params: Path, tmp_path: Path) -> None:
    one = write_preset(tmp_path, "one", "split: {seed: 1, num_folds: 3}\n")
    two = write_preset(tmp_path, "two", "split: {seed: 2}\n")
    assert [lay_presets(params, *names)["split"]["seed"] for names in ([one, two], [two, one])] == [2, 1]
    assert lay_presets(params, one, two)["split"]["num_folds"] == 3


def test_presets_are_applied_to_the_defaults_not_to_the_current_parameters(params: Path) -> None:
    lay_over(params, {"training": {"seed": 7}, "models": ["resnet34"]})
    once = lay_presets(params, "ham10000-cpu", root="here")
    lay_presets(params, "tiny")
    assert lay_presets(params, "ham10000-cpu", root="here") == once
    assert (once["training"]["seed"], once["models"]) == (0, ["custom_cnn", "resnet18"])


def test_a_preset_may_give_a_network_a_recipe_of_its_own(params: Path, tmp_path: Path) -> None:
    one = write_preset(tmp_path, "one", "architectures: {resnet34: {recipe: {loss: {label_smoothing: 0.1}}}}\n")
    assert lay_presets(params, one)["architectures"]["resnet34"]["recipe"] == {"loss": {"label_smoothing": 0.1}}


def test_the_default_preset_restores_every_byte(params: Path) -> None:
    lay_over(params, {"dataset": CLINIC, "task": TASK, "training": {"seed": 7}})
    lay_presets(params, "default")
    assert params.read_text(encoding="utf-8") == DEFAULT


def test_a_dataset_and_a_task_that_no_preset_sets_are_kept(params: Path, tmp_path: Path) -> None:
    lay_over(params, {"dataset": CLINIC, "task": TASK, "training": {"seed": 7}})
    before = load(params)
    after = lay_presets(params, write_preset(tmp_path, "one", "split: {seed: 1}\n"))
    assert (after["dataset"], after["task"]) == (before["dataset"], before["task"])
    assert (after["training"]["seed"], after["split"]["seed"]) == (0, 1)


@pytest.mark.parametrize("reset", [False, True])
def test_no_preset_unseals_the_test_images(params: Path, reset: bool) -> None:
    lay_over(params, {"split": {"seal": True, "seed": 7}})
    after = lay_presets(params, "ham10000", root="here", reset=reset)
    assert (after["split"]["seal"], after["split"]["seed"]) == (True, 0)


def test_a_kept_section_keeps_its_comments_and_its_layout(params: Path, tmp_path: Path) -> None:
    own = "dataset:\n  # The clinic's.\n  names: [csv]\n  columns:\n    sex: gender # as they say\n  root: there\n"
    params.write_text(own + "\ntask: {name: malignancy}\n")
    lay_presets(params, write_preset(tmp_path, "one", "split: {seed: 1}\n"))
    text = params.read_text(encoding="utf-8")
    assert (
        f"\n\n{own}\n# The classes that the networks tell apart.\ntask: {{name: malignancy}}\n\n# The embedded"
        in text
    )


@pytest.mark.parametrize("name", ["ham10000", "pad_ufes_20", "datasets/ham10000", "tiny"])
def test_another_dataset_replaces_the_whole_section_and_the_task_is_kept(
    name: str, params: Path, tmp_path: Path
) -> None:
    root = None if name == "tiny" else "../somewhere"
    expected = lay_presets(params, name, root=root)
    lay_over(params, {"dataset": CLINIC, "task": TASK})
    after = lay_presets(params, name, root=root)
    assert after == expected | {"task": load(params)["task"]}
    assert after["task"]["name"] == "pigment"


def test_a_second_dataset_preset_replaces_the_first_completely(params: Path, tmp_path: Path) -> None:
    clinic = write_preset(tmp_path, "clinic", "dataset: {names: [csv], table: a.csv, columns: {image_id: photo}}\n")
    assert lay_presets(params, clinic, root="x")["dataset"]["columns"] == {"image_id": "photo"}
    assert lay_presets(params, clinic, "isic2019", root="x") == lay_presets(params, "isic2019", root="x")


def test_a_preset_without_dataset_names_may_change_the_users_dataset(params: Path, tmp_path: Path) -> None:
    lay_over(params, {"dataset": CLINIC})
    strict = write_preset(tmp_path, "strict", "dataset: {max_rejected_fraction: 0, columns: {image_id: file}}\n")
    after = lay_presets(params, strict)["dataset"]
    assert after == load(params)["dataset"]
    assert (after["names"], after["root"], after["max_rejected_fraction"]) == (["csv"], "data/raw/clinic", 0)
    assert after["columns"] == {"image_id": "file"}


def test_a_preset_that_names_a_task_replaces_the_users(params: Path, tmp_path: Path) -> None:
    default = load(params)["task"]
    lay_over(params, {"task": TASK})
    after = lay_presets(params, write_preset(tmp_path, "one", "task: {name: malignancy}\n"))
    assert after["task"] == default | {"name": "malignancy"}


def test_reset_discards_the_users_dataset_and_task(params: Path, tmp_path: Path) -> None:
    one = write_preset(tmp_path, "one", "split: {seed: 1}\n")
    expected = lay_presets(params, one)
    lay_over(params, {"dataset": CLINIC, "task": TASK})
    assert lay_presets(params, one, reset=True) == expected


NO_FOLDER = "dataset.root: the folder of ham10000 is unknown; add --root FOLDER"


def test_a_dataset_without_a_known_folder_is_refused(params: Path) -> None:
    refuse(params, NO_FOLDER, "ham10000")
    assert lay_presets(params, "ham10000", root="there")["dataset"]["root"] == "there"


def test_the_folder_of_the_same_dataset_is_kept(params: Path) -> None:
    lay_presets(params, "ham10000", root="there")
    assert lay_presets(params, "ham10000-cpu")["dataset"]["root"] == "there"
    assert lay_presets(params, "ham10000", root="elsewhere")["dataset"]["root"] == "elsewhere"
    refuse(params, NO_FOLDER, "ham10000", reset=True)
    refuse(params, "dataset.root: the folder of pad_ufes_20 is unknown; add --root FOLDER", "pad_ufes_20")


@pytest.mark.parametrize("dataset", [{"external": ["isic2019"], "root": "all"}, {"root": "data/raw/synthetic"}])
def test_the_folder_of_other_datasets_is_not_reused(params: Path, dataset: dict[str, Any]) -> None:
    lay_over(params, {"dataset": {"names": ["ham10000"]} | dataset})
    refuse(params, NO_FOLDER, "ham10000")


def test_a_preset_can_be_applied_to_the_users_own_dataset(params: Path) -> None:
    default = load(params)
    lay_over(params, {"dataset": CLINIC | {"root": "elsewhere"}})
    after = lay_presets(params, "ham10000-cpu", dataset="csv", root="data/raw/clinic")
    assert after["dataset"] == default["dataset"] | CLINIC
    assert after["cache_images"]["size_px"] == 166
    assert lay_presets(params, "pad_ufes_20", dataset="csv")["dataset"] == default["dataset"] | CLINIC


def test_a_preset_can_be_applied_to_another_published_dataset(params: Path) -> None:
    lay_over(params, {"dataset": CLINIC})
    after = lay_presets(params, "ham10000", dataset="isic2019", root="there")
    expected = lay_presets(params, "ham10000", "isic2019", root="there")
    assert after == expected
    assert (after["dataset"]["names"], after["dataset"]["columns"]) == (["isic2019"], {})


def test_a_dataset_without_a_description_is_refused(params: Path) -> None:
    refuse(
        params,
        f"dataset.names is not [csv], and there is no {FOLDER}/datasets/csv.yaml that says how to read "
        "it; describe it in the section dataset first, or choose one of bcn20000, ddi, derm7pt, "
        "fitzpatrick17k, ham10000, image_folder, isic2018, isic2018_test, isic2019, isic_archive, milk10k, "
        "pad_ufes_20, ph2, siim_isic_2020, slice_3d, synthetic",
        "ham10000",
        dataset="csv",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("training: {sed: 1}\n", "training.sed: there is no such parameter"),
        ("trainings: {seed: 1}\n", "trainings: there is no such parameter"),
        ("training: {recipe: {seed: 1}}\n", "training.recipe: there is no such parameter"),
        ("architectures: {recipe: {loss: {}}}\n", "architectures.recipe: there is no such parameter"),
        ("architectures: {resnet34: {recipes: {}}}\n", "architectures.resnet34.recipes: there is no such parameter"),
        ("training: 5\n", "training: expected a section, got 5"),
        ("dataset: 5\n", "dataset: expected a section, got 5"),
        (
            "evaluation: {min_slice_groups: 3}\n",
            "evaluation.min_slice_groups is now evaluation.min_subgroup_groups",
        ),
    ],
)
def test_an_invalid_preset_is_refused_with_its_file(params: Path, tmp_path: Path, text: str, message: str) -> None:
    name = write_preset(tmp_path, "one", text)
    with pytest.raises(InputError) as caught:
        compose_parameters(params, [name], FOLDER)
    assert str(caught.value) == f"{name}: {message}"


def test_a_preset_may_add_a_network_and_another_may_change_it(params: Path, tmp_path: Path) -> None:
    default = load(params)["architectures"]["resnet34"]
    large = {**default, "backbone": "resnet50"}
    add = write_preset(
        tmp_path, "add", f"models: [large]\narchitectures:\n  large: {large}\n".replace("None", "null")
    )
    shrink = write_preset(tmp_path, "shrink", f"on: [{add}]\narchitectures: {{large: {{size_px: 32}}}}\n")
    after = lay_presets(params, shrink)
    assert after["architectures"]["large"] == large | {"size_px": 32}
    assert after["models"] == ["large"]
    assert after["architectures"]["resnet34"] == default


def refuse(params: Path, message: str, *names: str, **options: Any) -> None:
    """Expect that presets are refused, by a message about the parameter file."""
    with pytest.raises(InputError) as caught:
        compose_parameters(params, names, FOLDER, **options)
    assert str(caught.value) == f"{params}: {message}"
