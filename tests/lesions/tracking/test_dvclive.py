"""DVCLive gets what the history holds, and leaves the pipeline's own files alone."""

import json
import subprocess
from pathlib import Path

import pytest

from lesions.tracking.callback import open_tracking
from tests.tracking import entry, mlflow_at, training

DVCLIVE = mlflow_at("http://unused").model_copy(update={"kind": "dvclive"})
NONE = DVCLIVE.model_copy(update={"kind": "none"})


def read_rows(path: Path) -> list[dict[str, str]]:
    header, *lines = path.read_text().splitlines()
    return [dict(zip(header.split("\t"), line.split("\t"), strict=True)) for line in lines]


def test_each_epoch_is_logged_and_a_new_run_starts_from_the_beginning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    subprocess.run(["git", "init", "-q"], check=True)
    subprocess.run(["dvc", "init", "-q"], check=True)
    (tmp_path / "dvc.yaml").write_text("stages: {}\n")
    author = ("-c", "user.name=n", "-c", "user.email=n@example.org")
    subprocess.run(["git", *author, "commit", "-qm", "first", "--allow-empty"], check=True)
    with open_tracking(DVCLIVE, training(tmp_path)) as log_epoch:
        log_epoch(entry(1))
        assert json.loads((tmp_path / "dvclive/cnn/metrics.json").read_text())["step"] == 1
    with open_tracking(DVCLIVE, training(tmp_path)) as log_epoch:
        for epoch in (1, 2, 3):
            log_epoch(entry(epoch))
    folder = tmp_path / "dvclive/cnn"
    losses = read_rows(folder / "plots/metrics/train/loss.tsv")
    assert [(row["step"], float(row["loss"])) for row in losses] == [
        ("1", 1.0),
        ("2", 0.5),
        ("3", pytest.approx(1 / 3)),
    ]
    last = json.loads((folder / "metrics.json").read_text())
    assert last["step"] == 3
    assert last["val"]["loss"] == pytest.approx(2 / 3)
    assert last["learning_rate"]["head"] == pytest.approx(0.1 / 3)
    assert (tmp_path / "dvc.yaml").read_text() == "stages: {}\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == [".dvc", ".dvcignore", ".git", "dvc.yaml", "dvclive"]
    assert "exp" not in subprocess.run(["git", "for-each-ref"], capture_output=True, text=True, check=True).stdout


def test_nothing_is_written_without_tracking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with open_tracking(NONE, training(tmp_path)) as log_epoch:
        log_epoch(entry(1))
    assert not list(tmp_path.iterdir())
