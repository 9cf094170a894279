"""The presets in presets/ say nothing twice, and change no comment of params.yaml."""

import subprocess
from collections.abc import Mapping
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from lesions.datasets.registry import PUBLISHED
from lesions.parameters.differences import list_changed
from lesions.parameters.presets import read_preset
from tests.builders import ROOT
from tests.presets import DEFAULT, DEFAULTS, FOLDER, NAMES, load_presets, render_presets


def read_staged(name: str) -> bytes:
    """What git would commit of a file; the parameters of the working tree are the user's."""
    return subprocess.run(["git", "show", f":{name}"], cwd=ROOT, capture_output=True, check=True).stdout


def list_leaves(section: Mapping[str, Any], prefix: str = "") -> list[str]:
    names = []
    for name, value in section.items():
        inside = list_leaves(value, f"{prefix}{name}.") if isinstance(value, Mapping) else []
        names += inside or [f"{prefix}{name}"]
    return names


def list_added_sections(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """The full names of the networks, and of the recipes of networks, that a preset has added."""
    networks = after["architectures"]
    return [f"architectures.{name}" for name in networks if name not in before["architectures"]] + [
        f"architectures.{name}.recipe" for name in before["architectures"] if "recipe" in networks[name]
    ]


def drop_sections(text: str, added: list[str]) -> list[str]:
    """The lines of a parameter file without those of added sections."""
    lines = text.splitlines()
    if not added:
        return lines
    tree = YAML().load(text)
    spans = []
    for full_name in added:
        *parents, name = full_name.split(".")
        section = reduce(lambda parent, key: parent[key], parents, tree)
        # An added section is inserted before the others.
        start, *later = sorted(line for line, _ in map(section.lc.key, section) if line >= section.lc.key(name)[0])
        spans.append(range(start, later[0]))
    return [line for number, line in enumerate(lines) if not any(number in span for span in spans)]


def test_default_yaml_equals_the_committed_params_yaml() -> None:
    assert read_staged("presets/default.yaml") == read_staged("params.yaml")


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"default"}))
def test_a_preset_names_only_what_it_changes(name: str) -> None:
    preset = read_preset(FOLDER / f"{name}.yaml")
    below = load_presets(*preset.builds_on, root="here") if preset.builds_on else DEFAULTS
    after = load_presets(name, root="here")
    # dataset.names says that a preset sets the dataset, also where it is the default.
    changed = set(list_changed(below, after)) - {"dataset.names", "dataset.root"}
    named = set(list_leaves(preset.overlay)) - {"dataset.names"}
    # A section that a preset adds is one change.
    added = [section for section in changed if section not in named]
    assert {next((name for name in added if leaf.startswith(f"{name}.")), leaf) for leaf in named} == changed


@pytest.mark.parametrize("name", NAMES)
def test_a_preset_changes_only_lines_whose_value_differs(name: str) -> None:
    after = load_presets(name, root="here")
    added = list_added_sections(DEFAULTS, after)
    # A preset may change the number of phases, each of which is a line.
    usual, lines = (
        [line for line in text if not line.strip().startswith("- {name:")]
        for text in (DEFAULT.splitlines(), drop_sections(render_presets(name, root="here"), added))
    )
    assert len(lines) == len(usual)
    changed = {old.split(":")[0].strip() for old, new in zip(usual, lines, strict=True) if old != new}
    keys = {name.rpartition(".")[2] for name in list_changed(DEFAULTS, after) if name not in added}
    assert changed == keys - {"phases"}
    comments = [[line.split("#")[1] for line in text if "#" in line] for text in (usual, lines)]
    assert comments[0] == comments[1]


def test_every_dataset_with_an_adapter_has_a_preset() -> None:
    # A folder per diagnosis needs no description; the columns of a table of one's own are known to its owner alone.
    assert {path.stem for path in (FOLDER / "datasets").glob("*.yaml")} == {*PUBLISHED, "image_folder"}


@pytest.mark.parametrize("path", sorted((FOLDER / "datasets").glob("*.yaml")), ids=lambda path: path.stem)
def test_a_dataset_preset_sets_only_the_section_dataset(path: Path) -> None:
    (section,) = read_preset(path).overlay.items()
    # A dataset may have a section of its own, with its name.
    own = {path.stem: section[1][path.stem]} if path.stem in section[1] else {}
    assert section == ("dataset", {"names": [path.stem]} | own)


CPU_NAMES = sorted(path.stem for path in (FOLDER / "published").glob("*-cpu.yaml"))


@pytest.mark.parametrize("name", CPU_NAMES)
def test_a_cpu_preset_builds_on_that_for_a_gpu_and_keeps_its_recipe(name: str) -> None:
    full = name.removesuffix("-cpu")
    assert read_preset(FOLDER / f"published/{name}.yaml").builds_on == (f"published/{full}",)
    gpu, cpu = (load_presets(preset, root="here") for preset in (full, name))
    # Without pretrained weights, all layers have to learn, and faster.
    own = ("size_px", "phases", "weights", "learning_rate")
    networks = {f"architectures.{network}.{key}" for network in gpu["architectures"] for key in own}
    assert set(list_changed(gpu, cpu)) <= {"cache_images.size_px", "robustness.strengths", *networks}


@pytest.mark.parametrize("name", CPU_NAMES)
def test_a_network_of_a_cpu_preset_is_pretrained_where_layers_are_frozen(name: str) -> None:
    laid = load_presets(name, root="here")
    frozen = [
        model
        for model in laid["models"]
        if any(phase["layers"] != "all" for phase in laid["architectures"][model]["phases"])
    ]
    assert all(laid["architectures"][model]["weights"] == "imagenet" for model in frozen)


def test_every_published_system_has_a_cpu_preset_that_stands_in_one_comparison() -> None:
    systems = read_preset(FOLDER / "published/systems.yaml").builds_on
    published = [name for name in systems if name.startswith("published/")]
    assert {f"{Path(name).name}-cpu" for name in published} < set(CPU_NAMES)
    laid = load_presets("systems", root="here")
    models: list[str] = []
    for name in published:
        alone = load_presets(name, root="here")
        models += alone["models"]
        # Beside the others, each has the section that it has alone.
        for model in alone["models"]:
            assert laid["architectures"][model] == alone["architectures"][model]
    assert laid["models"] == models
    assert (laid["dataset"]["names"], laid["task"]["name"], laid["split"]["scheme"]) == (
        ["ham10000"],
        "diagnosis",
        "group",
    )


def test_the_cpu_preset_differs_only_in_sizes_epochs_and_how_often_images_are_altered() -> None:
    gpu, cpu = (load_presets(name, root="here") for name in ("ham10000", "ham10000-cpu"))
    networks = {f"architectures.{name}.size_px" for name in gpu["architectures"]}
    phases_of = {f"architectures.{name}.phases" for name in gpu["architectures"] if name != "custom_cnn"}
    assert set(list_changed(gpu, cpu)) == {"cache_images.size_px", "robustness.strengths", *networks, *phases_of}
    for name, section in gpu["architectures"].items():
        phases = [
            [phase | {"num_epochs": None} for phase in network["phases"]]
            for network in (
                section,
                cpu["architectures"][name],
            )
        ]
        assert phases[0] == phases[1]


def test_the_tiny_preset_needs_no_folder_and_keeps_the_recipe() -> None:
    changed = list_changed(DEFAULTS, load_presets("tiny"))
    recipe = ("augmentation", "class_weights", "dataset", "loss", "optimizer", "sampling", "schedule", "task")
    assert not [name for name in changed if name.startswith(recipe)]
