"""A stage runs only on the code that `trace_code` found."""

import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from lesions.errors import InputError
from lesions.stage.code import Code, read_code, write_code
from tests.builders import ROOT

STAGE = """
from pathlib import Path
import typer
from lesions.stage.run import run_stage

def main(write: str = "") -> None:
    print("the stage ran")
    if write:
        Path("a.py").write_text(write)

run_stage(main)
"""


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "stage.py", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a stage, a file that it reaches, and what trace_code says of it."""
    (tmp_path / "stage.py").write_text(STAGE)
    (tmp_path / "a.py").write_text("x = 1\n")
    write_code(tmp_path / "code.json", Code({"a.py": sha256(b"x = 1\n").hexdigest()}, {}))
    return tmp_path


def test_a_stage_with_unchanged_code_runs(folder: Path) -> None:
    done = run(folder, "--code", "code.json")
    assert (done.returncode, done.stdout) == (0, "the stage ran\n"), done.stderr


def test_an_edit_after_trace_code_stops_the_stage_at_its_start(folder: Path) -> None:
    (folder / "a.py").write_text("x = 2\n")
    done = run(folder, "--code", "code.json")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "error: a.py: changed since trace_code ran; run dvc repro again\n"


def test_an_edit_while_the_stage_runs_fails_it(folder: Path) -> None:
    done = run(folder, "--code", "code.json", "--write", "x = 2\n")
    assert (done.returncode, done.stdout) == (1, "the stage ran\n")
    assert done.stderr == "error: a.py: changed since trace_code ran; run dvc repro again\n"
    assert not (folder / ".timings").exists()


def test_a_removed_file_is_a_change(folder: Path) -> None:
    (folder / "a.py").unlink()
    assert "error: a.py: changed since trace_code ran" in run(folder, "--code", "code.json").stderr


def test_a_stage_that_is_called_by_hand_needs_no_trace(folder: Path) -> None:
    (folder / "a.py").write_text("x = 2\n")
    assert run(folder).stdout == "the stage ran\n"


def test_a_missing_or_invalid_file_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "code.json"
    with pytest.raises(InputError, match=r"code\.json: there is no such file; run `dvc repro trace_code`"):
        read_code(path)
    for content in ('{"files": {}}', "[]", '{"files": 1, "packages": {}}'):
        path.write_text(content)
        with pytest.raises(InputError, match=r"code\.json: not what trace_code writes"):
            read_code(path)
