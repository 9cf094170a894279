"""A preset changes what it names, and nothing else: no comment, no order, no other line."""

import difflib
import shutil
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from lesions.command_line.app import commands
from lesions.errors import InputError
from lesions.parameters.overlay import lay_over
from tests.builders import ROOT

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


def test_only_the_lines_that_must_change_do(params: Path) -> None:
    overlay = {"models": ["c"], "one": {"rate": 0.5, "inner": {"y": 3}, "phases": [{"name": "all", "rate": None}]}}
    assert lay_over(params, overlay) == ["models", "one.rate", "one.inner.y", "one.phases"]
    assert [line for line in changed_lines(params) if line.startswith("+")] == [
        "+ models: [c]",
        "+   rate: 0.5                 # why",
        "+   inner: {x: 1, y: 3}",
        "+     - {name: all, rate: null}",
    ]


def test_a_section_that_is_empty_takes_any_names(params: Path) -> None:
    params.write_text(TEXT + "  words: {}                 # of the table\n")
    assert lay_over(params, {"one": {"words": {"sex": {"f": "female"}}}}) == ["one.words"]
    assert params.read_text().endswith("  words: {sex: {f: female}} # of the table\n")


def test_an_empty_section_empties_the_one_there(params: Path) -> None:
    assert lay_over(params, {"one": {"inner": {}}}) == ["one.inner"]
    assert [line for line in changed_lines(params) if line.startswith("+")] == ["+   inner: {}"]


def test_what_is_already_so_is_not_said_to_change(params: Path) -> None:
    assert lay_over(params, {"models": ["a", "b"], "one": {"none": None}}) == []


def test_a_parameter_that_is_not_there_is_refused_and_nothing_is_written(params: Path) -> None:
    with pytest.raises(InputError, match=r"there is no parameter one\.speed for the preset to change"):
        lay_over(params, {"models": ["c"], "one": {"speed": 1}})
    assert params.read_text() == TEXT


PRESETS = sorted(path.stem for path in (ROOT / "presets").glob("*.yaml"))


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_lies_over_the_parameters(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(ROOT / "presets", tmp_path / "presets")
    shutil.copy(ROOT / "params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(commands, ["preset", name, "--root", "../somewhere"])
    assert result.exit_code == 0, result.output
    laid = YAML(typ="safe").load(tmp_path / "params.yaml")
    assert laid["dataset"]["root"] == "../somewhere"
    comments = [line.split("#")[1] for line in (ROOT / "params.yaml").read_text().splitlines() if "#" in line]
    assert [
        line.split("#")[1] for line in (tmp_path / "params.yaml").read_text().splitlines() if "#" in line
    ] == comments


@pytest.mark.parametrize("first", PRESETS)
@pytest.mark.parametrize("second", PRESETS)
def test_of_two_presets_the_first_leaves_no_trace(
    first: str, second: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(ROOT / "presets", tmp_path / "presets")
    monkeypatch.chdir(tmp_path)
    texts = []
    for names in ([first, second], [second]):
        shutil.copy(ROOT / "params.yaml", tmp_path)
        for name in names:
            CliRunner().invoke(commands, ["preset", name, "--root", "../somewhere"], catch_exceptions=False)
        texts.append(YAML(typ="safe").load(tmp_path / "params.yaml"))
    assert texts[0] == texts[1]


CLINIC = {
    "names": ["csv"],
    "external": ["pad_ufes_20"],
    "root": "data/raw/clinic",
    "diagnoses": "shared",
    "table": "findings.csv",
    "columns": {"image_id": "photo", "patient_id": "who", "lesion_id": "spot", "diagnosis": "finding"},
    "words": {"diagnosis": {"naevus": "nevus"}},
    "missing": ["?"],
    "lesions_by_patient": True,
}


@pytest.mark.parametrize("name", PRESETS)
def test_what_another_dataset_needed_is_gone(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(ROOT / "presets", tmp_path / "presets")
    monkeypatch.chdir(tmp_path)
    texts = []
    for before in ({}, {"dataset": CLINIC}):
        shutil.copy(ROOT / "params.yaml", tmp_path)
        lay_over(tmp_path / "params.yaml", before)
        CliRunner().invoke(commands, ["preset", name, "--root", "../somewhere"], catch_exceptions=False)
        texts.append(YAML(typ="safe").load(tmp_path / "params.yaml"))
    assert texts[0] == texts[1]


def test_a_preset_of_a_dataset_asks_for_its_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    result = CliRunner().invoke(commands, ["preset", "ham10000"])
    assert str(result.exception) == "the preset ham10000 needs the folder of ham10000: add --root FOLDER"


def test_an_unknown_preset_is_refused_with_those_there_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    result = CliRunner().invoke(commands, ["preset", "nothing"])
    assert result.exit_code == 1
    assert str(result.exception) == (
        "there is no preset 'nothing' in presets/; known are ham10000, ham10000-cpu, pad_ufes_20, tiny"
    )


def test_a_preset_can_serve_another_dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(ROOT / "presets", tmp_path / "presets")
    shutil.copy(ROOT / "params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    lay_over(tmp_path / "params.yaml", {"dataset": CLINIC | {"root": "elsewhere"}})
    options = ["--dataset", "csv", "--root", "data/raw/clinic"]
    CliRunner().invoke(commands, ["preset", "ham10000-cpu", *options], catch_exceptions=False)
    laid = YAML(typ="safe").load(tmp_path / "params.yaml")
    assert laid["dataset"] == YAML(typ="safe").load(ROOT / "params.yaml")["dataset"] | CLINIC
    assert laid["cache_images"]["size_px"] == 166
