"""How a stage behaves on the command line."""

import contextlib
import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from lesions.stage.failure import one_paragraph_errors
from lesions.stage.progress import TrainingLine, show_progress
from lesions.stage.run import name_stage
from tests.builders import ROOT, dataset_section
from tests.rights import OBEYING_RIGHTS, needs_rights


def run_stage(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*OBEYING_RIGHTS, sys.executable, "-m", "stages.generate_synthetic", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_an_error_of_the_user_is_one_paragraph_and_exit_code_1(tmp_path: Path) -> None:
    done = run_stage(tmp_path, "--dataset", "out")
    assert done.returncode == 1
    assert done.stderr == "error: params.yaml: there is no such parameter file\n"
    assert not (tmp_path / ".timings").exists()


def test_with_debug_the_traceback_is_shown(tmp_path: Path) -> None:
    done = run_stage(tmp_path, "--dataset", "out", LESIONS_DEBUG="1")
    assert done.returncode == 1
    assert "Traceback" in done.stderr


def test_the_debug_option_does_what_the_variable_does(tmp_path: Path) -> None:
    assert "Traceback" in run_stage(tmp_path, "--dataset", "out", "--debug").stderr


def test_an_unexpected_error_is_one_paragraph_too(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left, one_paragraph_errors():
        raise ZeroDivisionError("two\nlines")
    assert left.value.code == 1
    assert capsys.readouterr().err == (
        "error: ZeroDivisionError: two lines (unexpected: LESIONS_DEBUG=1 or --debug shows the traceback)\n"
    )


def write_generating(folder: Path) -> None:
    """Write the parameters with which `generate_synthetic` draws 150 small images."""
    drawn = {"num_images": 150, "size_px": 32, "seed": 0}
    dataset = dataset_section("data/raw/synthetic", "synthetic")
    (folder / "params.yaml").write_text(json.dumps({"generate_synthetic": drawn, "dataset": dataset}))


def test_a_finished_stage_writes_its_timing(tmp_path: Path) -> None:
    write_generating(tmp_path)
    done = run_stage(tmp_path, "--dataset", "out")
    assert done.returncode == 0, done.stderr
    timing = json.loads((tmp_path / ".timings/generate_synthetic.json").read_text())
    assert timing.pop("stage") == "generate_synthetic"
    assert set(timing) == {"start_up_seconds", "wall_seconds", "cpu_seconds", "peak_memory_mib"}
    assert all(value > 0 for value in timing.values())


@needs_rights
@pytest.mark.parametrize("kind", ["folder", "file", "read-only"])
def test_a_stage_whose_timing_cannot_be_written_has_finished(tmp_path: Path, kind: str) -> None:
    write_generating(tmp_path)
    timings = tmp_path / ".timings"
    if kind == "file":
        timings.touch()
    else:
        timings.mkdir()
    if kind == "folder":
        (timings / "generate_synthetic.json").mkdir()
    timings.chmod(0o555)
    done = run_stage(tmp_path, "--dataset", "out")
    timings.chmod(0o755)
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("warning: how long generate_synthetic took is not recorded: [Errno ")
    assert (tmp_path / "out/HAM10000_metadata.csv").is_file()
    assert not list(tmp_path.rglob(".*.tmp"))


def test_an_error_of_the_system_names_the_file(capsys: pytest.CaptureFixture[str]) -> None:
    for error in (PermissionError(13, "Permission denied", "metrics/a"), OSError(30, "Read-only file system", "b")):
        with pytest.raises(SystemExit), one_paragraph_errors():
            raise error
        assert capsys.readouterr().err == f"error: {error.filename}: {error.strerror}\n"


def test_a_full_disk_without_a_file_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit), one_paragraph_errors():
        raise OSError(28, "No space left on device")
    assert capsys.readouterr().err.startswith("error: the disk: No space left on device. All earlier files")


@pytest.mark.parametrize(
    ("stage", "model", "name"),
    [
        ("train@resnet18", "resnet18", "train@resnet18"),
        ("evaluate_malignancy@resnet18", None, "evaluate_malignancy@resnet18"),
        ("skin/dvc.yaml:train@resnet18", "resnet18", "train@resnet18"),
        ("", "resnet18", "train@resnet18"),
        ("", None, "train"),
    ],
)
def test_a_stage_of_a_model_has_a_name_of_its_own(
    monkeypatch: pytest.MonkeyPatch, stage: str, model: str | None, name: str
) -> None:
    monkeypatch.setenv("DVC_STAGE", stage)
    monkeypatch.setattr(sys, "argv", ["/somewhere/stages/train.py"])
    assert name_stage(model) == name


def test_progress_without_a_terminal_is_a_few_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(show_progress(iter("abcdefgh"), "reading", total=8)) == list("abcdefgh")
    assert capsys.readouterr().out.splitlines() == [f"reading: {n} of 8" for n in (2, 4, 6, 8)]


def run_on_terminal(code: str) -> str:
    """What a program prints on a terminal 120 characters wide, its movements of the cursor included."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=follower,
        stderr=follower,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "120"},
    )
    os.close(follower)
    printed = b""
    with contextlib.suppress(OSError):  # the other end was closed
        while block := os.read(leader, 4096):
            printed += block
    os.close(leader)
    assert process.wait() == 0, printed
    return printed.decode()


TRAIN_TWO_EPOCHS = """
import time
from lesions.stage.progress import TrainingLine
with TrainingLine(num_epochs=4, images_per_epoch=64) as line:
    for epoch in (1, 2):
        line.begin_epoch(epoch)
        for _ in range(4):
            time.sleep(0.15)
            line.advance(16, loss=1.25)
        print(f"epoch {epoch} is done")
        line.show_metric("macro_f1", 0.625)
    time.sleep(0.3)
"""


def test_training_shows_a_live_line_on_a_terminal() -> None:
    printed = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", run_on_terminal(TRAIN_TWO_EPOCHS))
    assert re.search(
        r"epoch 2 of 4 .* loss 1\.250, macro f1 0\.625 on validation +\d+ images/s +0?0:\d\d", printed
    ), printed
    assert "epoch 1 is done" in printed


def test_training_without_a_terminal_shows_no_live_line(capsys: pytest.CaptureFixture[str]) -> None:
    with TrainingLine(num_epochs=1, images_per_epoch=4) as line:
        line.begin_epoch(1)
        line.advance(4, loss=1.0)
        line.show_metric("loss", 1.0)
    assert capsys.readouterr() == ("", "")
