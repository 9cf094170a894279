"""Every preset that is shipped makes parameters that the stages accept."""

from pathlib import Path

import pytest
import torch

from lesions.gate.rules import read_gate
from lesions.networks.architecture import build_network
from lesions.networks.parameters import read_architecture
from lesions.parameters.models import read_models
from lesions.parameters.section import read_section
from lesions.preflight.check import SECTIONS, check_parameters
from lesions.preflight.findings import Findings
from tests.presets import FOLDER, NAMES, load_presets, write_presets

ROOT = "data/raw/somewhere"


@pytest.mark.parametrize("name", NAMES)
def test_every_section_is_valid_with_each_preset(name: str, tmp_path: Path) -> None:
    params, laid = write_presets(tmp_path, name, root=ROOT), load_presets(name, root=ROOT)
    for section, model in SECTIONS.items():
        read_section(params, section, model)
    for architecture in laid["architectures"]:
        read_architecture(params, architecture)
    assert set(read_models(params)) <= set(laid["architectures"])
    read_gate(params)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(path.stem for path in (FOLDER / "published").glob("*.yaml")))
def test_each_model_of_a_published_preset_can_be_built_and_its_images_are_large_enough(
    name: str, tmp_path: Path
) -> None:
    params, laid = write_presets(tmp_path, name, root=ROOT), load_presets(name, root=ROOT)
    findings = Findings()
    recipes = check_parameters(params, findings)
    assert findings.problems == []
    assert list(recipes) == laid["models"]
    largest = max(recipe.architecture.size_px for recipe in recipes.values())
    assert 1.1 * largest <= laid["cache_images"]["size_px"] <= 1.2 * largest
    with torch.device("meta"):
        for recipe in recipes.values():
            build_network(recipe.architecture, 7, pretrained=False)
