"""The presets in presets/ say nothing twice, and change no comment of params.yaml."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from lesions.datasets.registry import PUBLISHED
from lesions.parameters.differences import list_changed
from lesions.parameters.presets import read_preset
from tests.builders import ROOT
from tests.presets import DEFAULT, FOLDER, NAMES, lay_presets, load, write_default


def read_staged(name: str) -> bytes:
    """What git would commit of a file; the parameters of the working tree are the user's."""
    return subprocess.run(["git", "show", f":{name}"], cwd=ROOT, capture_output=True, check=True).stdout


def list_leaves(section: Mapping[str, Any], prefix: str = "") -> list[str]:
    names = []
    for name, value in section.items():
        inside = list_leaves(value, f"{prefix}{name}.") if isinstance(value, Mapping) else []
        names += inside or [f"{prefix}{name}"]
    return names


def test_default_yaml_equals_the_committed_params_yaml() -> None:
    assert read_staged("presets/default.yaml") == read_staged("params.yaml")


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"default"}))
def test_a_preset_names_only_what_it_changes(name: str, tmp_path: Path) -> None:
    preset = read_preset(FOLDER / f"{name}.yaml")
    params = write_default(tmp_path)
    below = lay_presets(params, *preset.builds_on, root="here") if preset.builds_on else load(params)
    after = lay_presets(write_default(tmp_path), name, root="here")
    # dataset.names says that a preset sets the dataset, also where it is the default.
    named = set(list_leaves(preset.overlay)) - {"dataset.names"}
    assert named == set(list_changed(below, after)) - {"dataset.names", "dataset.root"}


@pytest.mark.parametrize("name", NAMES)
def test_a_preset_changes_only_lines_whose_value_differs(name: str, tmp_path: Path) -> None:
    params = write_default(tmp_path)
    before = load(params)
    after = lay_presets(params, name, root="here")
    lines = params.read_text(encoding="utf-8").splitlines()
    assert len(lines) == len(DEFAULT.splitlines())
    changed = {
        old.split(":")[0].strip(" -") for old, new in zip(DEFAULT.splitlines(), lines, strict=True) if old != new
    }
    keys = {full_name.rpartition(".")[2] for full_name in list_changed(before, after)}
    # The lines of the list `phases` begin with the name of a phase.
    assert {"phases" if key == "{name" else key for key in changed} == keys
    comments = [[line.split("#")[1] for line in text if "#" in line] for text in (DEFAULT.splitlines(), lines)]
    assert comments[0] == comments[1]


def test_every_dataset_with_an_adapter_has_a_preset() -> None:
    # A folder per diagnosis needs no description; the columns of a table of one's own are known to its owner alone.
    assert {path.stem for path in (FOLDER / "datasets").glob("*.yaml")} == {*PUBLISHED, "image_folder"}


@pytest.mark.parametrize("path", sorted((FOLDER / "datasets").glob("*.yaml")), ids=lambda path: path.stem)
def test_a_dataset_preset_sets_only_the_section_dataset(path: Path) -> None:
    preset = read_preset(path)
    assert preset.overlay == {"dataset": {"names": [path.stem]}}


def test_the_cpu_preset_differs_only_in_sizes_and_epochs(tmp_path: Path) -> None:
    gpu, cpu = (lay_presets(write_default(tmp_path), name, root="here") for name in ("ham10000", "ham10000-cpu"))
    networks = {f"architectures.{name}.{key}" for name in gpu["architectures"] for key in ("size_px", "phases")}
    assert set(list_changed(gpu, cpu)) == {"cache_images.size_px", *networks}
    for name, section in gpu["architectures"].items():
        phases = [
            [phase | {"num_epochs": None} for phase in network["phases"]]
            for network in (
                section,
                cpu["architectures"][name],
            )
        ]
        assert phases[0] == phases[1]


def test_the_tiny_preset_needs_no_folder_and_keeps_the_recipe(tmp_path: Path) -> None:
    params = write_default(tmp_path)
    before = load(params)
    changed = list_changed(before, lay_presets(params, "tiny"))
    recipe = ("augmentation", "class_weights", "dataset", "loss", "optimizer", "sampling", "schedule", "task")
    assert not [name for name in changed if name.startswith(recipe)]
