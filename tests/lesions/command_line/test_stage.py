"""How a stage behaves on the command line."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lesions.command_line.progress import track
from tests.builders import ROOT


def run_stage(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "stages.generate_synthetic", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_a_user_can_mend_is_one_paragraph_and_exit_1(tmp_path: Path) -> None:
    done = run_stage(tmp_path, "--dataset", "out")
    assert done.returncode == 1
    assert done.stderr == "error: params.yaml: there is no such parameter file\n"
    assert not (tmp_path / ".timings").exists()


def test_with_debug_the_traceback_is_shown(tmp_path: Path) -> None:
    done = run_stage(tmp_path, "--dataset", "out", LESIONS_DEBUG="1")
    assert done.returncode == 1
    assert "Traceback" in done.stderr


def test_a_finished_stage_leaves_its_timing(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text("generate_synthetic: {num_images: 150, size_px: 32, seed: 0}\n")
    done = run_stage(tmp_path, "--dataset", "out")
    assert done.returncode == 0, done.stderr
    timing = json.loads((tmp_path / ".timings/generate_synthetic.json").read_text())
    assert timing.pop("stage") == "generate_synthetic"
    assert set(timing) == {"wall_seconds", "cpu_seconds", "peak_memory_mib"}
    assert all(value > 0 for value in timing.values())


def test_progress_off_a_terminal_is_a_few_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(track(iter("abcdefgh"), "reading", total=8)) == list("abcdefgh")
    assert capsys.readouterr().out.splitlines() == [f"reading: {n} of 8" for n in (2, 4, 6, 8)]
