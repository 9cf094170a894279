"""A spool holds each epoch once, whatever happens to the training, the disk or the process that sends it."""

import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from lesions.formats.sha256 import hash_file
from lesions.stage.imports import Sources, read_versions
from lesions.tracking import spooling
from lesions.tracking.callback import open_tracking
from lesions.tracking.send import mark_killed
from lesions.tracking.spool import End, Record, Spooled, SpoolFile, flatten, is_sent, read_spool, write_record
from tests.builders import ROOT
from tests.tracking import entry, mlflow_at, training


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the spools; the process that sends them dies at once, and git is not there."""
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.setattr(spooling, "SENDER", "lesions.no_such_module")
    monkeypatch.setenv("PATH", "")
    (tmp_path / "history.json").write_text("[]\n")
    return tmp_path / ".tracking"


def train(
    tmp_path: Path, epochs: Iterable[int], *, uri: str = "http://nowhere", stop: BaseException | None = None
) -> None:
    with open_tracking(mlflow_at(uri), training(tmp_path)) as on_epoch:
        for epoch in epochs:
            on_epoch(entry(epoch))
        if stop:
            raise stop


def read_spools(folder: Path) -> list[Spooled]:
    spools = [read_spool(path) for path in sorted(folder.glob("*.jsonl"), key=lambda path: path.stat().st_mtime_ns)]
    return [spool for spool in spools if spool]


def list_numbers(folder: Path) -> list[list[int]]:
    return [[epoch.number for epoch in spool.epochs] for spool in read_spools(folder)]


def test_everything_of_a_training_is_kept_until_it_is_sent(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DVC_EXP_NAME", "slower")
    train(tmp_path, [1, 2])
    (spooled,) = read_spools(folder)
    assert (spooled.start.model, spooled.start.uri, spooled.start.experiment) == ("cnn", "http://nowhere", "lesions")
    assert spooled.start.tags == {"lesions.model": "cnn", "lesions.training": "ab" * 32, "dvc.experiment": "slower"}
    assert spooled.start.parameters == {"training.seed": "0", "architecture.phases.0.name": "all"}
    assert [epoch.metrics for epoch in spooled.epochs] == [
        {"train/loss": 1.0, "train/gradient_norm": 3.0, "val/loss": 2.0, "learning_rate/head": 0.1},
        {"train/loss": 0.5, "train/gradient_norm": 3.0, "val/loss": 1.0, "learning_rate/head": 0.05},
    ]
    assert spooled.end is not None
    assert (spooled.end.status, spooled.end.history_sha256) == ("FINISHED", hash_file(tmp_path / "history.json"))
    assert capsys.readouterr().out == (
        "http://nowhere does not have all of this training yet; `lesions track` sends the rest\n"
    )


@pytest.mark.parametrize(
    ("stop", "status"), [(SystemExit(143), "KILLED"), (KeyboardInterrupt(), "KILLED"), (ValueError("loss"), "FAILED")]
)
def test_a_training_that_goes_on_adds_only_what_its_spool_lacks(
    stop: BaseException, status: str, tmp_path: Path, folder: Path
) -> None:
    with pytest.raises(type(stop)):
        train(tmp_path, [1, 2], stop=stop)
    assert [spool.end and spool.end.status for spool in read_spools(folder)] == [status]
    train(tmp_path, [1, 2, 3])
    assert list_numbers(folder) == [[1, 2, 3]]
    assert [spool.is_finished for spool in read_spools(folder)] == [True]


def test_a_training_that_is_repeated_or_sent_elsewhere_has_a_spool_of_its_own(tmp_path: Path, folder: Path) -> None:
    train(tmp_path, [1])
    with pytest.raises(SystemExit):
        train(tmp_path, [1, 2], stop=SystemExit())
    train(tmp_path, [1, 2, 3], uri="http://elsewhere")
    assert list_numbers(folder) == [[1], [1, 2], [1, 2, 3]]


def test_a_line_that_was_cut_off_spoils_no_other(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(SystemExit):
        train(tmp_path, [1, 2], stop=SystemExit())
    (path,) = folder.glob("*.jsonl")
    lines = path.read_bytes().rstrip().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1])[:-30])  # in the middle of the second epoch
    assert list_numbers(folder) == [[1]]
    train(tmp_path, [1, 2, 3])
    assert list_numbers(folder) == [[1, 2, 3]]


def test_a_disk_that_takes_no_line_stops_nothing_and_loses_no_epoch(
    tmp_path: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_tracking(mlflow_at("http://nowhere"), training(tmp_path)) as on_epoch:
        on_epoch(entry(1))
        folder.rename(tmp_path / "gone")
        on_epoch(entry(2))
        (tmp_path / "gone").rename(folder)
        on_epoch(entry(3))
    assert list_numbers(folder) == [[1, 2, 3]]
    assert "warning: an epoch is not tracked yet: [Errno 2]" in capsys.readouterr().err


def test_a_folder_that_cannot_be_made_stops_nothing(
    tmp_path: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder.touch()
    train(tmp_path, [1])
    assert "warning: cnn is not tracked: [Errno 17]" in capsys.readouterr().err


def test_a_process_that_cannot_be_started_stops_nothing(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no_python"))
    train(tmp_path, [1])
    assert list_numbers(folder) == [[1]]
    assert "warning: no epoch is sent while the network is trained: [Errno 2]" in capsys.readouterr().err


def test_the_waits_of_a_training_are_less_than_a_second_in_all() -> None:
    assert spooling.GIT_SECONDS + spooling.WAIT_SECONDS + spooling.POLL_SECONDS < 1


def test_the_end_of_a_killed_training_is_written_by_the_process_that_sends_and_only_then(
    tmp_path: Path, folder: Path
) -> None:
    train(tmp_path, [1])
    (path,) = folder.glob("*.jsonl")
    mark_killed(path)
    assert [spool.is_finished for spool in read_spools(folder)] == [True]
    lines = path.read_bytes().rstrip().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]))
    mark_killed(path)
    assert [spool.end and spool.end.status for spool in read_spools(folder)] == ["KILLED"]


def test_a_spool_is_sent_if_the_record_says_so_of_all_its_lines(tmp_path: Path, folder: Path) -> None:
    train(tmp_path, [1])
    (path,) = folder.glob("*.jsonl")
    (spooled,) = read_spools(folder)
    start = spooled.start
    record = Record(
        spool=start.id,
        model="cnn",
        key=start.key,
        uri=start.uri,
        experiment=start.experiment,
        experiment_id="1",
        run_id="2",
        sent_bytes=spooled.num_bytes,
    )
    assert not is_sent(path)
    write_record(path, record)
    assert is_sent(path)
    SpoolFile(path).append(End(status="FINISHED"))
    assert not is_sent(path)


def test_neither_what_sends_nor_mlflow_is_code_of_the_training() -> None:
    versions = read_versions(ROOT / "requirements.lock") | {"mlflow": "0", "sqlalchemy": "0"}
    traced = Sources(ROOT).trace_imports([ROOT / "stages/train.py"], versions)
    assert "lesions/tracking/spooling.py" in traced.files
    assert not {f"lesions/tracking/{name}.py" for name in ("send", "sending", "mlflow_runs")} & {*traced.files}
    assert not {"mlflow", "sqlalchemy"} & {*traced.packages}


def test_nested_settings_are_flat_by_their_dotted_names() -> None:
    assert flatten({"a": {"b": 1, "c": None, "d": "x"}, "e": [1, 2], "f": [{"g": True}, {"g": 0.5}], "h": ()}) == {
        "a.b": "1",
        "a.c": "null",
        "a.d": "x",
        "e": "[1, 2]",
        "f.0.g": "true",
        "f.1.g": "0.5",
        "h": "[]",
    }
