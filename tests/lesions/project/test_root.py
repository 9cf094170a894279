"""Where the project is that a folder belongs to."""

import os
import shutil
from pathlib import Path

import pytest

from lesions.project.root import enter_root, find_root
from tests.builders import ROOT
from tests.presets import write_default
from tests.repository import Repository


def make_project(folder: Path, *, pipeline: bool = True) -> Path:
    (folder / ".dvc").mkdir(parents=True)
    (folder / "data/raw").mkdir(parents=True)
    if pipeline:
        (folder / "dvc.yaml").touch()
    return folder


def test_the_nearest_project_counts(tmp_path: Path) -> None:
    outer = make_project(tmp_path / "outer")
    inner = make_project(outer / "ml/inner")
    assert find_root(inner) == find_root(inner / "data/raw") == inner
    assert find_root(outer / "ml") == find_root(outer / "data/raw") == outer
    assert find_root(tmp_path) is None


def test_settings_without_a_pipeline_are_no_project(tmp_path: Path) -> None:
    outer = make_project(tmp_path / "outer", pipeline=False)
    (outer / "ml").mkdir()
    assert find_root(outer / "ml") is None


def test_entering_changes_the_folder_only_within_a_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = make_project(tmp_path / "project")
    monkeypatch.chdir(tmp_path)
    assert enter_root() == Path.cwd() == tmp_path
    os.chdir(root / "data/raw")
    assert enter_root() == root / "data/raw"
    assert Path.cwd() == root


def test_a_typed_path_is_one_from_where_it_was_typed(tmp_path: Path) -> None:
    root = make_project(tmp_path / "project")
    shutil.copytree(ROOT / "presets", root / "presets")
    write_default(root)
    below = Repository(root / "data")
    assert below.run("lesions", "preset", "tiny").stdout.startswith("params.yaml: changed ")
    assert below.run("lesions", "preset", "tiny", "--params", "../params.yaml").stdout.startswith(
        "params.yaml: already"
    )
    other = below.run("lesions", "preset", "tiny", "--params", "raw/params.yaml", check=False).stdout
    assert "error: data/raw/params.yaml: there is no such parameter file" in other
