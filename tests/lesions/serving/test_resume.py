"""A run that is stopped anywhere can be continued, and ends with the same bytes."""

import json
import os
import signal
import subprocess
import sys
import time
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from lesions.command_line.app import commands
from tests.builders import ROOT
from tests.served import build_manifest, write_image, write_model
from tests.small_disk import needs_small_disk, run_on_small_disk

NUM_FILES = 20
BATCH = 4
PROGRAM = "from lesions.command_line.app import app; app()"


@pytest.fixture(autouse=True)
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with a model whose batches are small, and a few images, one of which is none."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("lesions.serving.stream.MAX_BATCH", BATCH)
    monkeypatch.setattr("lesions.serving.prediction.MAX_BATCH", BATCH)
    write_model(tmp_path / "model.onnx")
    for at in range(NUM_FILES):
        write_image(tmp_path / f"images/{at:02d}.png", (10 * at, 200 - 9 * at, 60))
    (tmp_path / "images/07.png").write_text("no image")


def predict(*arguments: str, model: str = "model.onnx") -> Any:
    options = ["--model", model, "--output", "rows.jsonl", *arguments]
    return CliRunner().invoke(commands, ["predict", "images", *options])


@cache
def stop_at_the_end(folder: Path) -> tuple[bytes, bytes]:
    """The output, and what a run that was killed before it wrote the output leaves."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lesions.serving.prediction.write_rows", lambda *_: sys.exit(9))
        assert predict().exit_code == 9
    partial = Path("rows.jsonl.partial").read_bytes()
    Path("rows.jsonl.partial").unlink()
    assert predict().exit_code == 3
    return Path("rows.jsonl").read_bytes(), partial


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0, 1))
def test_a_run_that_is_cut_at_any_byte_ends_with_the_same_bytes(tmp_path: Path, share: float) -> None:
    whole, partial = stop_at_the_end(tmp_path)
    Path("rows.jsonl").unlink(missing_ok=True)
    Path("rows.jsonl.partial").write_bytes(partial[: round(share * len(partial))])
    assert predict("--resume").exit_code == 3
    assert Path("rows.jsonl").read_bytes() == whole
    assert not Path("rows.jsonl.partial").exists()
    assert [json.loads(line)["file"] for line in whole.splitlines()] == [
        f"images/{at:02d}.png" for at in range(NUM_FILES)
    ]


def test_what_is_done_is_not_done_again(tmp_path: Path) -> None:
    _, partial = stop_at_the_end(tmp_path)
    lines = partial.splitlines(keepends=True)
    # Of eleven rows, two batches are whole.
    Path("rows.jsonl.partial").write_bytes(b"".join(lines[:12]))
    done = predict("--resume")
    assert f"predicting: {NUM_FILES - 8} of {NUM_FILES - 8}" in done.stderr
    assert f"{NUM_FILES} images: {NUM_FILES - 1} ok" in done.stderr


def test_rows_that_were_left_are_neither_overwritten_nor_taken_for_those_of_another_run(tmp_path: Path) -> None:
    _, partial = stop_at_the_end(tmp_path)
    left = Path("rows.jsonl.partial")
    left.write_bytes(partial)
    write_model(tmp_path / "other.onnx", build_manifest(num_test_groups=51))
    cases: list[tuple[str, Any]] = [
        ("continue it with --resume, or remove the file to begin anew", predict()),
        ("of a run with another model; run it as before", predict("--resume", model="other.onnx")),
        ("with another --min-confidence;", predict("--resume", "--min-confidence", "0.1")),
        ("with another --explain;", predict("--resume", "--explain", "maps")),
    ]
    write_image(Path("images/99.png"))
    changed = "with another list of files, or with files that were changed;"
    cases.append((changed, predict("--resume")))
    Path("images/99.png").unlink()
    write_image(Path("images/03.png"), (1, 2, 3))
    cases.append((changed, predict("--resume")))
    for message, done in cases:
        assert done.exit_code == 2
        assert message in " ".join(done.stderr.split())
    assert left.read_bytes() == partial


@pytest.mark.parametrize("content", ["text\n", "{}\n", "[]\n", '{"lesions_partial": 2}\n'])
def test_a_file_that_is_no_run_is_refused(content: str) -> None:
    Path("rows.jsonl.partial").write_text(content)
    done = predict("--resume")
    assert done.exit_code == 2
    assert "rows.jsonl.partial" in done.stderr
    assert "remove the file" in " ".join(done.stderr.split())


def test_a_line_that_was_damaged_is_named(tmp_path: Path) -> None:
    lines = stop_at_the_end(tmp_path)[1].splitlines(keepends=True)
    lines[3] = b'{"file": \n'
    Path("rows.jsonl.partial").write_bytes(b"".join(lines))
    done = predict("--resume")
    assert "rows.jsonl.partial, line 4: not what a stopped run left" in " ".join(done.stderr.split())


def test_two_runs_on_one_output_do_not_mix_their_rows(tmp_path: Path) -> None:
    _, partial = stop_at_the_end(tmp_path)
    Path("rows.jsonl").unlink()
    Path("rows.jsonl.partial").write_bytes(partial)
    with FileLock("rows.jsonl.partial.lock"):
        for arguments in ([], ["--resume"]):
            done = predict(*arguments)
            assert done.exit_code == 2
            assert (
                "another process, which holds rows.jsonl.partial.lock, is writing rows into rows.jsonl.partial"
                in " ".join(done.stderr.split())
            )
    assert Path("rows.jsonl.partial").read_bytes() == partial
    assert predict("--resume").exit_code == 3
    assert not list(tmp_path.glob("rows.jsonl.*"))


@pytest.mark.parametrize("option", ["--fhir", "--explain"])
def test_a_run_is_not_continued_into_another_folder(option: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("lesions.serving.prediction.write_rows", lambda *_: sys.exit(9))
        assert predict(option, "first").exit_code == 9
    done = predict("--resume", option, "second")
    assert done.exit_code == 2
    assert "the rows of a run with another --" in done.stderr
    assert not Path("second").exists()
    assert predict("--resume", option, "../" + Path.cwd().name + "/first/").exit_code == 3


def test_a_row_that_is_of_another_file_is_named(tmp_path: Path) -> None:
    lines = stop_at_the_end(tmp_path)[1].splitlines(keepends=True)
    lines[3], lines[4] = lines[4], lines[3]
    Path("rows.jsonl.partial").write_bytes(b"".join(lines))
    done = predict("--resume")
    assert done.exit_code == 2
    assert (
        "rows.jsonl.partial, line 4: the row of 'images/03.png', where that of 'images/02.png' belongs; remove"
        in " ".join(done.stderr.split())
    )


def test_a_run_that_is_killed_is_continued(tmp_path: Path) -> None:
    for at in range(3000):
        os.link(tmp_path / "images/00.png", tmp_path / f"images/more{at}.png")
    command = [sys.executable, "-c", PROGRAM, "predict", "images", "--model", "model.onnx", "--output", "out.csv"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    left = Path("out.csv.partial")
    running = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    while running.poll() is None and not (left.exists() and left.stat().st_size > 10_000):
        time.sleep(0.01)
    running.send_signal(signal.SIGKILL)
    running.wait()
    assert left.exists()
    assert not Path("out.csv").exists()
    done = subprocess.run([*command, "--resume"], env=environment, capture_output=True, check=False)
    assert done.returncode == 3
    assert len(Path("out.csv").read_text().splitlines()) == 1 + 3000 + NUM_FILES
    assert not left.exists()


@needs_small_disk
def test_rows_outlive_a_full_disk(tmp_path: Path) -> None:
    for at in range(600):
        os.link(tmp_path / "images/00.png", tmp_path / f"images/more{at}.png")
    command = [sys.executable, "-c", PROGRAM, "predict", "images", "--model", "model.onnx", "--output"]
    script = '"$@" small/rows.csv; echo "exit $?"; cp small/rows.csv.partial . && ls -A small'
    done = run_on_small_disk(tmp_path, "100k", "sh", "-c", script, "sh", *command)
    assert done.stdout == "exit 1\nrows.csv.partial\n"
    message = " ".join(done.stderr.split())
    assert (
        "small/rows.csv.partial: No space left on device; the rows so far are kept in small/rows.csv.partial"
        in message
    )
    assert "make room, and run the same command with --resume" in message
    whole = Path("rows.csv.partial").read_bytes().rpartition(b"\n")[0].splitlines()
    assert len(whole) > 100
    assert all(json.loads(line) for line in whole)
