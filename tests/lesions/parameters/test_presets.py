"""Presets are found by name, and build on each other."""

from pathlib import Path

import pytest

from lesions.errors import InputError
from lesions.parameters.presets import find_preset, list_presets, read_chain


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of presets, of which two pairs share a name; in a working directory with a preset elsewhere."""
    files = ("default", "tiny", "published/ham", "published/ham-cpu", "datasets/ham", "datasets/isic", "own/isic")
    for name in files:
        (tmp_path / f"presets/{name}.yaml").parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / f"presets/{name}.yaml").write_text("split: {seed: 1}\n")
    (tmp_path / "elsewhere.yaml").write_text("split: {seed: 2}\n")
    monkeypatch.chdir(tmp_path)
    return Path("presets")


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("tiny", "presets/tiny.yaml"),
        ("ham", "presets/published/ham.yaml"),
        ("datasets/ham", "presets/datasets/ham.yaml"),
        ("published/ham", "presets/published/ham.yaml"),
        ("isic", "presets/datasets/isic.yaml"),
        ("own/isic", "presets/own/isic.yaml"),
        ("presets/datasets/ham.yaml", "presets/datasets/ham.yaml"),
        ("elsewhere.yaml", "elsewhere.yaml"),
    ],
)
def test_a_preset_is_found_by_name_or_by_folder_and_name(folder: Path, name: str, file: str) -> None:
    assert find_preset(name, folder) == Path(file)


def test_each_preset_is_listed_by_the_name_that_finds_it(folder: Path) -> None:
    assert list_presets(folder) == ["datasets/ham", "default", "ham", "ham-cpu", "isic", "own/isic", "tiny"]
    assert len({find_preset(name, folder) for name in list_presets(folder)}) == 7


def test_an_unknown_name_is_refused_with_the_known_names(folder: Path) -> None:
    with pytest.raises(InputError) as caught:
        find_preset("hamm", folder)
    assert str(caught.value) == (
        "there is no preset 'hamm' in presets/; known are datasets/ham, default, ham, ham-cpu, isic, own/isic, tiny"
    )


def test_the_presets_that_a_preset_builds_on_are_applied_before_it(folder: Path) -> None:
    (folder / "published/ham.yaml").write_text("on: [datasets/ham]\nsplit: {seed: 2}\n")
    (folder / "published/ham-cpu.yaml").write_text("on: [published/ham, isic]\n")
    chain = read_chain(["tiny", "ham-cpu"], folder)
    names = [preset.path.relative_to(folder).with_suffix("").as_posix() for preset in chain]
    assert names == ["tiny", "datasets/ham", "published/ham", "datasets/isic", "published/ham-cpu"]
    assert [preset.overlay for preset in chain][1:3] == [{"split": {"seed": 1}}, {"split": {"seed": 2}}]
    assert chain[-1].overlay == {}


def test_a_preset_that_is_named_twice_is_applied_twice(folder: Path) -> None:
    (folder / "published/ham-cpu.yaml").write_text("on: [ham]\nsplit: {seed: 2}\n")
    assert [preset.path.stem for preset in read_chain(["ham-cpu", "ham"], folder)] == ["ham", "ham-cpu", "ham"]


def test_presets_that_build_on_each_other_are_refused(folder: Path) -> None:
    (folder / "tiny.yaml").write_text("on: [ham]\n")
    (folder / "published/ham.yaml").write_text("on: [ham-cpu]\n")
    (folder / "published/ham-cpu.yaml").write_text("on: [ham]\n")
    with pytest.raises(InputError) as caught:
        read_chain(["tiny"], folder)
    assert str(caught.value) == (
        "presets/published/ham.yaml: on: builds on itself, presets/published/ham.yaml on "
        "presets/published/ham-cpu.yaml on presets/published/ham.yaml; remove one of these"
    )


def test_an_unknown_name_in_on_is_refused_with_its_file(folder: Path) -> None:
    (folder / "tiny.yaml").write_text("on: [nothing]\n")
    with pytest.raises(
        InputError, match=r"^presets/tiny\.yaml: on: there is no preset 'nothing' in presets/; known are"
    ):
        read_chain(["tiny"], folder)


@pytest.mark.parametrize("value", ["ham", "[1]", "{a: b}"])
def test_on_must_be_a_list_of_names(folder: Path, value: str) -> None:
    (folder / "tiny.yaml").write_text(f"on: {value}\n")
    with pytest.raises(
        InputError, match=r"^presets/tiny\.yaml: on: expected a list of presets, such as \[datasets/h"
    ):
        read_chain(["tiny"], folder)


def test_a_file_without_sections_is_refused(folder: Path) -> None:
    (folder / "tiny.yaml").write_text("# nothing yet\n")
    with pytest.raises(InputError, match=r"^presets/tiny\.yaml: expected sections with names, got None$"):
        read_chain(["tiny"], folder)
