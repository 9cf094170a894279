"""Strict sections: every mistake is refused by the parameter's full name."""

from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field, ValidationError

from lesions.errors import InputError
from lesions.parameters.section import read_section
from lesions.parameters.strict import Section


class Inner(Section):
    depth: Annotated[int, Field(ge=1)]


class Oven(Section):
    rate: Annotated[float, Field(gt=0)]
    mode: Literal["hot", "cold"]
    name: Annotated[str, Field(min_length=1)]
    on: bool
    sizes: tuple[int, ...]
    inner: Inner
    note: str | None
    racks: Literal["all"] | Annotated[tuple[Literal["top", "middle"], ...], Field(min_length=2)]
    doors: Annotated[tuple[Literal["left"], ...], Field(min_length=1)]
    dials: dict[Literal["heat"], int]


GOOD = """
oven:
  rate: 1e-5
  mode: hot
  name: a
  on: true
  sizes: [1, 2]
  inner: {depth: 2}
  note: null
  racks: all
  doors: [left]
  dials: {heat: 1}
"""


def read(tmp_path: Path, text: str) -> Oven:
    path = tmp_path / "params.yaml"
    path.write_text(text)
    return read_section(path, "oven", Oven)


def test_a_valid_section_is_read_with_its_types(tmp_path: Path) -> None:
    oven = read(tmp_path, GOOD)
    assert oven == Oven(
        rate=1e-5,
        mode="hot",
        name="a",
        on=True,
        sizes=(1, 2),
        inner=Inner(depth=2),
        note=None,
        racks="all",
        doors=("left",),
        dials={"heat": 1},
    )


def test_a_section_cannot_be_changed(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        read(tmp_path, GOOD).rate = 1.0  # type: ignore[misc]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("rate: 1e-5", "rate: fast", "oven.rate: expected a number, got 'fast'"),
        ("rate: 1e-5", "rate: '1e-5'", "oven.rate: expected a number, got '1e-5'"),
        ("rate: 1e-5", "rate: 0", "oven.rate: expected a number > 0, got 0"),
        ("rate: 1e-5", "rate: .nan", "oven.rate: expected a finite number, got nan"),
        ("rate: 1e-5", "rate: true", "oven.rate: expected a number, got True"),
        ("rate: 1e-5", "rat: 1e-5", "oven.rate: is missing; oven.rat: there is no such parameter"),
        ("mode: hot", "mode: warm", "oven.mode: expected 'hot' or 'cold', got 'warm'"),
        ("name: a", "name: 3", "oven.name: expected text, got 3"),
        ("name: a", "name: ''", "oven.name: expected some text, got ''"),
        ("on: true", "on: 1", "oven.on: expected true or false, got 1"),
        ("sizes: [1, 2]", "sizes: 1", "oven.sizes: expected a list, got 1"),
        ("sizes: [1, 2]", "sizes: [1, 2.5]", "oven.sizes.1: expected a whole number, got 2.5"),
        ("{depth: 2}", "{depth: 0}", "oven.inner.depth: expected a number >= 1, got 0"),
        ("{depth: 2}", "7", "oven.inner: expected a section, got 7"),
        ("racks: all", "racks: none", "oven.racks: expected 'all' or a list, got 'none'"),
        ("racks: all", "racks: [top, low]", "oven.racks.1: expected 'top' or 'middle', got 'low'"),
        ("racks: all", "racks: [top]", "oven.racks: expected 'all' or at least 2 items, got ['top']"),
        ("doors: [left]", "doors: [up]", "oven.doors.0: expected 'left', got 'up'"),
        ("doors: [left]", "doors: []", "oven.doors: expected at least 1 items, got []"),
        ("dials: {heat: 1}", "dials: {heta: 1}", "oven.dials.heta: expected 'heat', got 'heta'"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, GOOD.replace(old, new))
    assert str(caught.value) == f"{tmp_path / 'params.yaml'}: {message}"


def test_a_missing_section_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the section oven is missing"):
        read(tmp_path, "stove: {}\n")


def test_a_missing_nested_section_is_named_with_its_path(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(GOOD)
    with pytest.raises(InputError, match=r"the section oven\.outer is missing"):
        read_section(path, "oven.outer.depth", Inner)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nothing.yaml: there is no such parameter file"):
        read_section(tmp_path / "nothing.yaml", "oven", Oven)


def test_invalid_yaml_is_refused_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"not valid YAML: .* line 3"):
        read(tmp_path, "oven:\n  a: [1\nb: 2\n")


class Evaluation(Section):
    min_subgroup_groups: int


def test_an_old_parameter_name_is_refused_with_the_new_name(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text("evaluation: {min_slice_groups: 20}\n")
    with pytest.raises(InputError) as caught:
        read_section(path, "evaluation", Evaluation)
    assert str(caught.value) == f"{path}: evaluation.min_slice_groups is now evaluation.min_subgroup_groups"


def test_a_missing_section_is_named_with_the_parameters_that_moved_into_it(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text("training: {device: cpu, seed: 0, num_threads: 2}\n")
    with pytest.raises(InputError) as caught:
        read_section(path, "hardware", Evaluation)
    assert str(caught.value) == (
        f"{path}: the section hardware is missing; training.device is now hardware.device; "
        "training.num_threads is now hardware.num_threads"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("oven: " + "[" * 50_000, "sections or lists are nested too deeply"),
        ("{" * 50_000, "sections or lists are nested too deeply"),
        ("- " * 50_000, "sections or lists are nested too deeply"),
        ("oven: 2024-13-45", "not valid YAML: month must be in"),
        ("oven: " + "9" * 5000, "not valid YAML: Exceeds the limit"),
        ("oven: &a [*a]", "oven: not a section of names and values"),
        ("oven: {[a]: b}", "oven: not a section of names and values"),
        ("oven: " + "[" * 500 + "]" * 500, "oven|nested"),
        ("oven: Zürich", "not valid YAML: unacceptable character #x00fc"),
    ],
)
def test_a_file_that_is_built_to_break_the_reader_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "params.yaml").write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match=rf"params\.yaml: .*{message}"):
        read_section(tmp_path / "params.yaml", "oven", Oven)


def test_a_folder_in_place_of_the_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r".*: Is a directory"):
        read_section(tmp_path, "oven", Oven)
