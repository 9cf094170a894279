"""The stages that are to run say which of how many they are, and how long the rest took when it last ran."""

import os
from pathlib import Path

import pytest

from lesions.formats.atomic import write_text
from lesions.stage.planned import (
    PLANNED,
    announce_stage,
    describe_planned,
    describe_seconds,
    spell_seconds,
    write_planned,
)
from lesions.stage.timings import Timing, locate_timing, read_timing


def write_timing(stage: str, seconds: float, *, at: float) -> None:
    """Write the timing of a stage that ended at a time, in seconds since 1970."""
    timing = Timing(stage=stage, start_up_seconds=1, wall_seconds=seconds - 1, cpu_seconds=0, peak_memory_mib=1234.4)
    write_text(locate_timing(stage), timing.model_dump_json())
    os.utime(locate_timing(stage), (at, at))


@pytest.fixture(autouse=True)
def planned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three stages planned at the time 1,000: the first has run since, the second had run before, the third never."""
    monkeypatch.chdir(tmp_path)
    write_planned(["split", "train@cnn", "report"])
    os.utime(PLANNED, (1000, 1000))
    write_timing("split", 5, at=1001)
    write_timing("train@cnn", 200, at=900)


@pytest.mark.parametrize(
    ("stage", "line"),
    [
        # One that runs anew, as after an interruption, is what it was before.
        ("split", "stage 1 of 3, about 3 min 25 s, and one stage that has not run here\n"),
        ("train@cnn", "stage 2 of 3, about 3 min 20 s, and one stage that has not run here\n"),
        ("report", "stage 2 of 3, about 3 min 20 s, and one stage that has not run here\n"),
        ("compare", ""),
    ],
)
def test_a_stage_says_its_place_and_what_is_left(stage: str, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    announce_stage(stage)
    assert capsys.readouterr().err == line


def test_the_last_stage_is_the_last(capsys: pytest.CaptureFixture[str]) -> None:
    write_timing("train@cnn", 200, at=1002)
    announce_stage("report")
    assert capsys.readouterr().err == "stage 3 of 3, time not known: none of these has run here\n"


def test_nothing_is_said_without_a_plan(capsys: pytest.CaptureFixture[str]) -> None:
    PLANNED.unlink()
    announce_stage("split")
    assert capsys.readouterr().err == ""


def test_each_stage_has_a_line() -> None:
    assert describe_planned(["split", "train@cnn", "report"]).splitlines() == [
        "split               5 s   1,234 MiB",
        "train@cnn    3 min 20 s   1,234 MiB",
        "report        not known",
        "together: about 3 min 25 s, and one stage that has not run here",
    ]
    unknown = "about 5 s, and 2 stages that have not run here"
    assert describe_seconds([read_timing("split"), read_timing("report"), read_timing("compare")]) == unknown


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (59.4, "59 s"), (59.6, "1 min 0 s"), (3599.4, "59 min 59 s"), (3660, "1 h 1 min")],
)
def test_a_duration_in_words(seconds: float, words: str) -> None:
    assert spell_seconds(seconds) == words


def test_a_plan_that_cannot_be_written_is_a_warning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    PLANNED.unlink()
    PLANNED.mkdir()
    (PLANNED / "file").touch()
    write_planned(["split"])
    assert "warning: the stages will not say which of how many they are" in capsys.readouterr().err
    announce_stage("split")
    assert capsys.readouterr().err == ""
