"""Values laid over a parameter file change what they name, and nothing else: no comment, no order, no other line."""

import difflib
import re
from pathlib import Path

import pytest

from lesions.errors import InputError
from lesions.parameters.overlay import copy_section, lay_over
from lesions.parameters.section import load_parameters

TEXT = """\
# First comment.
models: [a, b]

one:
  rate: 1e-5                # why
  none: null
  inner: {x: 1, y: 2}
  phases:                   # a list
    - {name: head, rate: null}
    - {name: all, rate: 2}

# Of the last section.
two:
  size: 3
"""


@pytest.fixture
def params(tmp_path: Path) -> Path:
    (tmp_path / "params.yaml").write_text(TEXT)
    return tmp_path / "params.yaml"


def changed_lines(path: Path) -> list[str]:
    lines = difflib.ndiff(TEXT.splitlines(), path.read_text().splitlines())
    return [line for line in lines if line[0] in "+-"]


def test_an_empty_overlay_changes_no_byte(params: Path) -> None:
    assert lay_over(params, {}) == []
    assert params.read_text() == TEXT


def test_only_lines_with_changed_values_change(params: Path) -> None:
    overlay = {"models": ["c"], "one": {"rate": 0.5, "inner": {"y": 3}, "phases": [{"name": "all", "rate": None}]}}
    assert lay_over(params, overlay) == ["models", "one.rate", "one.inner.y", "one.phases"]
    assert changed_lines(params) == [
        "- models: [a, b]",
        "+ models: [c]",
        "-   rate: 1e-5                # why",
        "+   rate: 0.5                 # why",
        "-   inner: {x: 1, y: 2}",
        "+   inner: {x: 1, y: 3}",
        "-     - {name: head, rate: null}",
        "+     - {name: all, rate: null}",
        "-     - {name: all, rate: 2}",
    ]


@pytest.mark.parametrize("value", [[], ["c"], ["c", "d", "e"], [{"x": 1}], "c", None])
@pytest.mark.parametrize(
    "names",
    [
        "names:   # why\n  - a\n  - b",
        "names:\n  - a  # first\n  - b  # last",
        "names:\n    - a\n    - b\n\n",
        "names:  # why\n    - {x: 1}\n    - {x: 2}",
        "names: [a,   # first\n     b]   # last",
    ],
)
def test_a_list_on_several_lines_is_replaced(params: Path, names: str, value: object) -> None:
    for rest in ("", "  other: 1\n", "\n# Of the last section.\ntwo:\n  size: 3\n"):
        params.write_text(f"one:\n  {names}\n{rest}")
        expected = load_parameters(params)
        expected["one"]["names"] = value
        lay_over(params, {"one": {"names": value}})
        assert load_parameters(params) == expected


def test_an_empty_section_accepts_any_names(params: Path) -> None:
    params.write_text(TEXT + "  words: {}                 # of the table\n")
    assert lay_over(params, {"two": {"words": {"sex": {"f": "female"}}}}) == ["two.words"]
    assert params.read_text().endswith("  words: {sex: {f: female}} # of the table\n")


def test_an_empty_section_in_the_overlay_empties_the_original(params: Path) -> None:
    assert lay_over(params, {"one": {"inner": {}}}) == ["one.inner"]
    assert changed_lines(params) == ["-   inner: {x: 1, y: 2}", "+   inner: {}"]


def test_a_parameter_that_keeps_its_value_is_not_listed_as_changed(params: Path) -> None:
    assert lay_over(params, {"models": ["a", "b"], "one": {"none": None}}) == []


@pytest.mark.parametrize(
    ("overlay", "message"),
    [
        ({"one": {"speed": 1}}, "one.speed: there is no such parameter"),
        ({"three": {}}, "three: there is no such parameter"),
        ({"one": 1}, "one: expected a section, got 1"),
        ({"one": None}, "one: expected a section, got None"),
        ({"one": {"inner": [1]}}, "one.inner: expected a section, got [1]"),
    ],
)
def test_an_invalid_overlay_is_refused_and_nothing_is_written(
    params: Path, overlay: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError) as caught:
        lay_over(params, {"models": ["c"]} | overlay)
    assert str(caught.value) == f"{params}: {message}"
    assert params.read_text() == TEXT


def test_a_renamed_parameter_is_refused_with_its_new_name(params: Path) -> None:
    params.write_text("evaluation:\n  min_subgroup_groups: 20\n")
    message = "evaluation.min_slice_groups is now evaluation.min_subgroup_groups"
    with pytest.raises(InputError, match=f"^{re.escape(f'{params}: {message}')}$"):
        lay_over(params, {"evaluation": {"min_slice_groups": 2}})


def test_a_new_network_is_inserted_before_the_others(params: Path) -> None:
    params.write_text("architectures:\n  a:\n    backbone: a\n    size_px: 3\n\n# The end.\nlast: 1\n")
    network = {"backbone": "b", "head_widths": [1], "phases": [{"name": "all"}]}
    assert lay_over(params, {"architectures": {"b": network}}) == ["architectures.b"]
    assert params.read_text() == (
        "architectures:\n  b:\n    backbone: b\n    head_widths: [1]\n    phases:\n      - {name: all}\n"
        "  a:\n    backbone: a\n    size_px: 3\n\n# The end.\nlast: 1\n"
    )


def test_a_misspelt_network_is_not_added(params: Path) -> None:
    params.write_text("architectures:\n  resnet18:\n    backbone: resnet18\n")
    with pytest.raises(InputError, match=r"architectures\.resnt18: there is no such parameter$"):
        lay_over(params, {"architectures": {"resnt18": {"size_px": 3}}})


MINE = """\
models: [z]
one:
  # Mine, as I like it.
  inner:
    x: 7     # seven
    # y: 8
# Not mine.
two: {size: 4}
"""


def test_a_section_is_copied_with_its_own_comments_only() -> None:
    assert copy_section("one", MINE, TEXT) == (
        "# First comment.\nmodels: [a, b]\n\n"
        "one:\n  # Mine, as I like it.\n  inner:\n    x: 7     # seven\n    # y: 8\n"
        "\n# Of the last section.\ntwo:\n  size: 3\n"
    )
    assert copy_section("two", MINE, TEXT) == TEXT.replace("two:\n  size: 3\n", "two: {size: 4}\n")
