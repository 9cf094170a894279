"""What `lesions timings` shows."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from lesions.command_line.app import commands

TIMING = {"start_up_seconds": 1.5, "wall_seconds": 1.25, "cpu_seconds": 2, "peak_memory_mib": 100.4}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the timings, below the current folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".timings").mkdir()
    return tmp_path / ".timings"


def write(folder: Path, stage: str, second: int = 0, **changes: Any) -> None:
    path = folder / f"{stage}.json"
    path.write_text(json.dumps({"stage": stage, **TIMING, **changes}))
    os.utime(path, (second, second))


def test_stages_are_shown_in_the_order_in_which_they_ran_with_their_sum(folder: Path) -> None:
    write(folder, "train@resnet18", 0)
    write(folder, "cache_images", 1, wall_seconds=2)
    assert CliRunner().invoke(commands, ["timings"]).output.splitlines() == [
        "stage           start-up (s)  work (s)  CPU (s)  memory (MiB)",
        "train@resnet18          1.50      1.25     2.00           100",
        "cache_images            1.50      2.00     2.00           100",
        "total                   3.00      3.25     4.00              ",
    ]


def test_a_timing_of_an_earlier_version_has_no_start_up(folder: Path) -> None:
    write(folder, "train", start_up_seconds=None)
    assert CliRunner().invoke(commands, ["timings"]).output.splitlines()[1].split() == [
        *("train", "–", "1.25", "2.00", "100"),
    ]


def test_without_timings_or_with_a_broken_one_the_reason_is_named(folder: Path) -> None:
    assert "no stage has run here yet" in str(CliRunner().invoke(commands, ["timings"]).exception)
    (folder / "train.json").write_text("{")
    result = CliRunner().invoke(commands, ["timings"])
    assert str(result.exception) == ".timings/train.json: not the timing of a stage; remove it"


def test_nothing_is_broken_on_a_narrow_terminal(folder: Path) -> None:
    write(folder, "evaluate_malignancy@efficientnet_v2_s_fine_tuned")
    lines = CliRunner().invoke(commands, ["timings"], env={"COLUMNS": "40"}).output.splitlines()
    assert len(lines) == 3
    assert lines[1].startswith("evaluate_malignancy@efficientnet_v2_s_fine_tuned ")
