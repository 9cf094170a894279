"""Tests that work whose results cannot be written is refused before it begins."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lesions.errors import InputError
from lesions.hardware.disk import check_writable
from tests.builders import ROOT
from tests.rights import OBEYING_RIGHTS, needs_rights


def test_a_file_may_be_new_or_there_and_nothing_is_created(tmp_path: Path) -> None:
    (tmp_path / "old").touch()
    check_writable(tmp_path / "old", tmp_path / "new", tmp_path / "a/b/new")
    assert [path.name for path in tmp_path.iterdir()] == ["old"]


def test_a_file_in_place_of_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / ".resume").touch()
    with pytest.raises(InputError, match=r"/\.resume: is a file, and .*/\.resume/a/state is to be written below it"):
        check_writable(tmp_path / "good", tmp_path / ".resume/a/state")


def test_a_link_to_nothing_in_place_of_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / ".resume").symlink_to("nowhere")
    with pytest.raises(InputError, match=r"/\.resume: is a file, and"):
        check_writable(tmp_path / ".resume/state")


def test_a_folder_in_place_of_a_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a folder, and a file is to be written there; move it away"):
        check_writable(tmp_path)


@needs_rights
def test_a_folder_without_rights_is_named(tmp_path: Path) -> None:
    code = "from pathlib import Path; from lesions.hardware.disk import check_writable; check_writable(Path('a/b/c'))"
    (tmp_path / "a/b").mkdir(parents=True)
    for folder in (tmp_path / "a/b", tmp_path / "a"):
        folder.chmod(0o555)
        done = subprocess.run(
            [*OBEYING_RIGHTS, sys.executable, "-c", code],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        folder.chmod(0o755)
        assert f"InputError: {folder}: no right to write in this folder, where a/b/c is to be written" in done.stderr
        if folder.name == "b":
            folder.rmdir()
