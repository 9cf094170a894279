"""What the section `export` may name, and what each mistake is told."""

import re
from typing import Any

import pytest

from lesions.errors import InputError
from lesions.parameters.exports import read_exports
from tests.builders import WriteParams

EXPORT: dict[str, Any] = {
    "models": ["a"],
    "ensembles": [],
    "min_confidence": 0.5,
    "accepted_fraction": 0.95,
    "max_drop": None,
}


def sections(**changes: Any) -> dict[str, Any]:
    """Parameters of two models, an ensemble of them, and one with an imported member."""
    return {
        "models": ["a", "b"],
        "ensembles": ["both", "mixed"],
        "combinations": {
            "both": {"members": ["a", "b"], "weights": "equal"},
            "mixed": {"members": ["a", "other"], "weights": "equal"},
        },
        "imported": {"other": "ab" * 32},
        "export": EXPORT | changes,
    }


def test_models_and_ensembles_of_the_run_can_be_exported(write_params: WriteParams) -> None:
    found = read_exports(write_params(**sections(models=["b", "a"], ensembles=["both"], max_drop=0)))
    assert (found.models, found.ensembles, found.max_drop) == (("b", "a"), ("both",), 0)


def test_nothing_need_be_exported(write_params: WriteParams) -> None:
    found = read_exports(write_params(**sections(models=[])))
    assert (found.models, found.ensembles, found.max_drop) == ((), (), None)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"models": ["a", "vgg"]},
            "export.models: vgg is not in models, so that there is nothing to export; set it to names in models, or "
            "to []: `-S 'export.models=[a]'`",
        ),
        ({"models": ["vgg"]}, "set it to names in models, or to []: `-S 'export.models=[a,b]'`"),
        ({"models": ["both"]}, "export.models: both is not in models"),
        ({"models": ["a", "a"]}, "export.models: a is listed twice"),
        (
            {"ensembles": ["a"]},
            "export.ensembles: a is not in ensembles, so that there is nothing to export; set it to names in "
            "ensembles, or to []: `-S 'export.ensembles=[both,mixed]'`",
        ),
        ({"ensembles": ["both", "both"]}, "export.ensembles: both is listed twice"),
        (
            {"ensembles": ["mixed"]},
            "export.ensembles: mixed has the member other, which was imported as a table of logits without its "
            "network; take mixed off export.ensembles",
        ),
        ({"models": "a"}, "export.models: expected a list, got 'a'"),
        ({"models": ["../a"]}, "export.models.0: "),
        ({"models": ["x" * 90]}, "export.models: " + "x" * 79 + "… is not in models"),
        ({"min_confidence": 1.1}, "export.min_confidence: expected a number <= 1, got 1.1"),
        ({"min_confidence": -0.1}, "export.min_confidence: expected a number >= 0, got -0.1"),
        ({"accepted_fraction": 1}, "export.accepted_fraction: expected a number < 1, got 1"),
        ({"accepted_fraction": 0}, "export.accepted_fraction: expected a number > 0, got 0"),
        ({"max_drop": -0.01}, "export.max_drop: expected a number >= 0, got -0.01"),
        ({"opset": 20}, "export.opset: there is no such parameter"),
    ],
)
def test_a_mistake_is_refused_by_its_full_name(
    write_params: WriteParams, changes: dict[str, Any], expected: str
) -> None:
    with pytest.raises(InputError, match=re.escape(expected)):
        read_exports(write_params(**sections(**changes)))


def test_a_file_without_the_section_is_refused(write_params: WriteParams) -> None:
    with pytest.raises(InputError, match="the section export is missing"):
        read_exports(write_params(models=["a"]))
