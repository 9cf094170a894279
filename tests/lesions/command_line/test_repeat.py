"""`lesions repeat` says what no seed changes."""

from pathlib import Path

import pytest

from lesions.command_line.repeat import describe_fixed_seeds
from lesions.parameters.overlay import lay_over
from lesions.parameters.section import load_parameters
from tests.presets import write_default


def test_what_is_the_same_in_all_repeats_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    params = write_default(tmp_path)
    seeded = load_parameters(params)["architectures"]["resnet18"] | {"recipe": {"training": {"seed": 1}}}
    lay_over(
        params,
        {
            "models": ["resnet18", "seeded"],
            "ensembles": ["both", "alone"],
            "architectures": {"seeded": seeded},
            "combinations": {
                "both": {"members": ["resnet18", "seeded", "other"], "weights": "equal"},
                "alone": {"members": ["resnet18"], "weights": "equal"},
            },
            "imported": {"other": "ab" * 32},
        },
    )
    assert list(describe_fixed_seeds()) == [
        "seeded has its own training.seed: it is the same network in all repeats, and its interval too narrow",
        "both has members that are the same in all repeats: seeded, other",
    ]
