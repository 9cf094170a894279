"""What differs between operating systems: line ends, names of files, encodings, and what only some have."""

import ast
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.builders import ROOT
from tests.repository import Repository

RESERVED = re.compile(r'[<>:"\\|?*\x00-\x1f]|[. ]$')
"""What the name of a file may not have on Windows."""

POSIX_ONLY = {"fcntl", "grp", "pwd", "resource", "termios", "tty"}


def test_a_clone_of_windows_has_the_same_bytes(tmp_path: Path) -> None:
    """Git for Windows is set up with core.autocrlf; DVC and trace_code hash the files that it writes."""
    origin = Repository(tmp_path / "origin")
    origin.root.mkdir()
    for name in (".gitattributes", "params.yaml", "stages/train.py"):
        (origin.root / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, origin.root / name)
    origin.run("git", "init", "--quiet")
    origin.set_identity()
    origin.commit("Start")
    as_on_windows = ("-c", "core.autocrlf=true", "-c", "core.eol=crlf")
    origin.run("git", *as_on_windows, "clone", "--quiet", *as_on_windows, str(origin.root), str(tmp_path / "clone"))
    for name in ("params.yaml", "stages/train.py"):
        assert (tmp_path / "clone" / name).read_bytes() == (ROOT / name).read_bytes()
    (origin.root / ".gitattributes").unlink()
    origin.commit("Without")
    origin.run("git", *as_on_windows, "clone", "--quiet", *as_on_windows, str(origin.root), str(tmp_path / "other"))
    assert b"\r\n" in (tmp_path / "other/params.yaml").read_bytes()


def list_tracked() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [name for name in listed.stdout.split("\0") if name]


def test_every_file_can_be_checked_out_on_windows_and_macos() -> None:
    tracked = list_tracked()
    assert not [name for name in tracked if any(RESERVED.search(part) for part in name.split("/"))]
    folded = [name.casefold() for name in tracked]
    assert len({*folded}) == len(folded)


@pytest.mark.parametrize("folder", ["lesions", "stages"])
def test_modules_that_windows_lacks_are_imported_only_where_their_absence_is_met(folder: str) -> None:
    for file in (ROOT / folder).rglob("*.py"):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Import):
                assert not {alias.name for alias in node.names} & POSIX_ONLY, file


def test_every_text_file_is_read_and_written_in_a_named_encoding() -> None:
    """Without one, Windows takes that of the country."""
    done = subprocess.run(
        ["ruff", "check", "--preview", "--select", "PLW1514", "--output-format", "concise", "lesions", "stages"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
