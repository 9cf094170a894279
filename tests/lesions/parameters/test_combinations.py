"""What an ensemble may be made of, and how it may be called."""

import re
from typing import Any

import pytest

from lesions.errors import InputError
from lesions.parameters.combinations import read_combination, read_combinations, read_imported
from lesions.parameters.models import list_scored, read_ensembles, read_scored
from tests.builders import WriteParams

SHA256 = "ab" * 32
BOTH = {"members": ["a", "b"], "weights": "equal"}


def sections(**changes: Any) -> dict[str, Any]:
    """Parameters of two models, one ensemble and one imported table."""
    return {
        "models": ["a", "b"],
        "ensembles": ["both"],
        "combinations": {"both": BOTH},
        "imported": {"other": SHA256},
    } | changes


def test_models_come_before_ensembles_and_files_from_before_ensembles_list_none(write_params: WriteParams) -> None:
    assert read_scored(write_params(**sections())) == ["a", "b", "both"]
    assert list_scored({"models": ["a"]}, "params.yaml of v1") == ["a"]


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        (["a"], "ensembles: a is the name of a model; choose another"),
        (["both", "both"], "ensembles: both is listed twice"),
        (["history"], "ensembles: history is the name of a folder of the pipeline"),
        (["my_probe"], "ensembles: my_probe is the name of a baseline or a probe"),
        (["x;touch OWNED"], "ensembles: expected a list of names, got ['x;touch OWNED']"),
        (["straße"], "ensembles: expected a list of names"),
        (["a\n"], "ensembles: expected a list of names"),
        ([""], "ensembles: expected a list of names"),
        ("both", "ensembles: expected a list of names, got 'both'"),
        ({"both": 1}, "ensembles: expected a list of names"),
        (None, "ensembles: expected a list of names, got None"),
    ],
)
def test_a_name_that_cannot_be_one_is_refused(write_params: WriteParams, listed: Any, expected: str) -> None:
    with pytest.raises(InputError, match=re.escape(expected)):
        read_ensembles(write_params(**sections(ensembles=listed)))


def test_members_are_models_or_imported_tables(write_params: WriteParams) -> None:
    mixed = {"members": ["a", "other"], "weights": "fitted"}
    combination = read_combination(write_params(**sections(combinations={"both": mixed})), "both")
    assert (combination.members, combination.weights) == (("a", "other"), "fitted")


@pytest.mark.parametrize(
    ("combinations", "expected"),
    [
        ({}, "the section combinations.both is missing"),
        ({"both": BOTH | {"members": []}}, "combinations.both.members: expected at least 1 items"),
        ({"both": BOTH | {"members": "a"}}, "combinations.both.members: expected a list, got 'a'"),
        ({"both": BOTH | {"members": ["a", "a"]}}, "combinations.both.members: a is listed twice"),
        (
            {"both": BOTH | {"members": ["a", "vgg"]}},
            "combinations.both.members: 'vgg' is neither in models nor in imported; there are a, b, other",
        ),
        ({"both": BOTH | {"members": ["both"]}}, "combinations.both.members: both is an ensemble; name its members"),
        ({"both": BOTH | {"weights": "best"}}, "combinations.both.weights: expected 'equal' or 'fitted', got 'best'"),
        ({"both": {"members": ["a"]}}, "combinations.both.weights: is missing"),
        ({"both": BOTH | {"weight": 1}}, "combinations.both.weight: there is no such parameter"),
    ],
)
def test_a_wrong_combination_is_refused_by_its_full_name(
    write_params: WriteParams, combinations: Any, expected: str
) -> None:
    with pytest.raises(InputError, match=re.escape(expected)):
        read_combination(write_params(**sections(combinations=combinations)), "both")


def test_an_unlisted_combination_may_have_unlisted_members_but_no_mistake(write_params: WriteParams) -> None:
    unlisted = {"both": {"members": ["resnet34"], "weights": "equal"}}
    assert list(read_combinations(write_params(models=["a"], ensembles=[], combinations=unlisted))) == ["both"]
    with pytest.raises(InputError, match=r"combinations\.both\.weights: expected 'equal' or 'fitted'"):
        read_combinations(write_params(models=["a"], combinations={"both": BOTH | {"weights": 1}}))
    with pytest.raises(InputError, match=r"combinations: expected a section, got \['both'\]"):
        read_combinations(write_params(models=["a"], combinations=["both"]))


@pytest.mark.parametrize(
    ("imported", "expected"),
    [
        ({"a": SHA256}, "imported.a: is the name of a model or an ensemble; choose another"),
        ({"both": SHA256}, "imported.both: is the name of a model or an ensemble"),
        ({"../other": SHA256}, "imported: expected names with a sha256 of 64 digits each"),
        ({"other": "AB"}, "imported: expected names with a sha256 of 64 digits each, got {'other': 'AB'}"),
        ({"other": 12}, "imported: expected names with a sha256"),
        (["other"], "imported: expected names with a sha256"),
    ],
)
def test_a_wrong_import_is_refused(write_params: WriteParams, imported: Any, expected: str) -> None:
    with pytest.raises(InputError, match=re.escape(expected)):
        read_imported(write_params(**sections(imported=imported)))
