"""Every preset that is shipped makes parameters that the stages accept."""

from pathlib import Path

import pytest

from lesions.gate.rules import read_rules
from lesions.networks.parameters import read_architecture
from lesions.parameters.models import read_models
from lesions.parameters.section import read_section
from lesions.preflight.check import SECTIONS
from tests.presets import NAMES, lay_presets, write_default


@pytest.mark.parametrize("name", NAMES)
def test_every_section_is_valid_with_each_preset(name: str, tmp_path: Path) -> None:
    params = write_default(tmp_path)
    laid = lay_presets(params, name, root="data/raw/somewhere")
    for section, model in SECTIONS.items():
        read_section(params, section, model)
    for architecture in laid["architectures"]:
        read_architecture(params, architecture)
    assert set(read_models(params)) <= set(laid["architectures"])
    read_rules(params)
