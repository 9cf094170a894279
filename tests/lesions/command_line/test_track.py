"""`lesions track` gives MLflow what the stages after a training made of it, and finds the run of each model."""

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from lesions.formats.sha256 import hash_file
from lesions.parameters.overlay import lay_over
from tests.repository import MODELS, Repository

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
pytest.importorskip("alembic", reason='MLflow is not installed: pip install "lesions[mlflow]"')

TRAIN = """
python -m stages.train --code data/code/train@custom_cnn.json --model custom_cnn
--recipe data/recipes/custom_cnn.json --images data/images.npy --metadata data/metadata.csv --splits data/splits.csv
--classes data/classes.json --pretrained data/pretrained/custom_cnn --checkpoint new/weights
--metrics new/train.json --history new/history.json
--machine new/machine.json
"""
ROW = re.compile(r"^(custom_cnn|resnet18)\s+([0-9a-f]{32})\s+(.*?)\s+/#/", re.MULTILINE)


def track(repository: Repository, *arguments: str, check: bool = True) -> str:
    here = str(repository.root)
    return repository.run("lesions", "track", *arguments, check=check, DVC_ROOT=here, MLFLOW_TRACKING_URI="").stdout


def ask(repository: Repository, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(repository.root / ".tracking/mlflow.db")) as database:
        return database.execute(query).fetchall()


def read_tags(repository: Repository, run_id: str) -> dict[str, str]:
    return dict(ask(repository, f"SELECT key, value FROM tags WHERE run_uuid = '{run_id}'"))  # noqa: S608


def list_files(repository: Repository, run_id: str) -> list[str]:
    folder = repository.root / ".tracking/artifacts" / run_id / "artifacts"
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def switch_on(repository: Repository, **tracking: str) -> None:
    lay_over(repository.root / "params.yaml", {"tracking": {"kind": "mlflow", **tracking}})


def test_what_a_run_made_is_sent_once_and_found_from_both_sides(fresh: Repository) -> None:
    switch_on(fresh)
    before = fresh.tracked_outputs()
    printed = track(fresh)
    rows = {model: (run_id, sent) for model, run_id, sent in ROW.findall(printed)}
    assert list(rows) == list(MODELS), printed
    run_id, sent = rows["custom_cnn"]
    assert sent == "epochs, scores, dvc.lock, params.yaml, report"
    assert "custom_cnn: not sent: data/exports/custom_cnn: is not there" in printed
    assert "to see the runs: uvx mlflow ui --backend-store-uri sqlite:///" in printed

    history = json.loads((fresh.root / "plots/history/custom_cnn.json").read_text())
    losses = [(row["epoch"], row["loss"]) for row in history if row["split"] == "val"]
    query = "SELECT step, value FROM metrics WHERE key = '{}' AND run_uuid = '{}' ORDER BY step"
    assert ask(fresh, query.format("val/loss", run_id)) == losses
    rates = [(row["epoch"], row["learning_rate_head"]) for row in history if row["split"] == "val"]
    assert ask(fresh, query.format("learning_rate/head", run_id)) == rates
    for name, key in (("test", "balanced_accuracy"), ("intervals", "balanced_accuracy_low"), ("train", "best_epoch")):
        figures = json.loads((fresh.root / f"metrics/custom_cnn/{name}.json").read_text())
        assert ask(fresh, query.format(f"scores/{name}/{key}", run_id)) == [(0, figures[key])]
    assert {"dvc.lock", "params.yaml", "report/index.html", "report/cards/custom_cnn.md"} <= {
        *list_files(fresh, run_id)
    }

    tags = read_tags(fresh, run_id)
    head = fresh.run("git", "rev-parse", "HEAD").stdout.strip()
    assert tags["mlflow.source.git.commit"] == head  # its lock is that of the workspace
    assert tags["dvc.lock.sha256"] == hash_file(fresh.root / "dvc.lock")
    assert tags["lesions.history_sha256"] == hash_file(fresh.root / "plots/history/custom_cnn.json")

    assert [sent for _, _, sent in ROW.findall(track(fresh, "main"))] == ["has all", "has all"]
    exported = fresh.root / "data/exports/custom_cnn/model.onnx"
    exported.parent.mkdir(parents=True)
    exported.write_bytes(b"network")
    assert {model: sent for model, _, sent in ROW.findall(track(fresh))} == {
        "custom_cnn": "scores, dvc.lock, model, params.yaml, report",
        "resnet18": "has all",
    }
    assert "model/model.onnx" in list_files(fresh, run_id)
    listed = track(fresh, "--list")
    assert re.search(rf"^custom_cnn\s+{run_id}\s+lesions\s+sqlite:///\S+\s+of the workspace", listed, re.MULTILINE)
    assert ask(fresh, "SELECT status, count(*) FROM runs GROUP BY status") == [("FINISHED", 2)]
    assert fresh.tracked_outputs() == before
    assert fresh.run("git", "status", "--porcelain").stdout == " M params.yaml\n"
    assert not (fresh.root / "mlruns").exists()


def test_a_commit_after_the_run_is_added_and_a_report_of_patients_is_not_sent_unless_asked(fresh: Repository) -> None:
    lock = fresh.root / "dvc.lock"
    lock.write_text(lock.read_text() + "\n")
    switch_on(fresh)
    own = {"dataset": {"names": ["synthetic", "ham10000"]}}
    shipped = (fresh.root / "params.yaml").read_bytes()
    lay_over(fresh.root / "params.yaml", own)
    printed = track(fresh)
    assert "custom_cnn: not sent: report: it shows images of patients; tracking.report: always sends it" in printed
    run_id = {model: run_id for model, run_id, _ in ROW.findall(printed)}["custom_cnn"]
    assert not [file for file in list_files(fresh, run_id) if file.startswith("report")]
    assert "mlflow.source.git.commit" not in read_tags(fresh, run_id)
    fresh.commit("Keep the run")
    assert {sent for _, _, sent in ROW.findall(track(fresh))} == {"commit"}
    head = fresh.run("git", "rev-parse", "HEAD").stdout.strip()
    assert read_tags(fresh, run_id)["mlflow.source.git.commit"] == head

    switch_on(fresh, report="always")
    assert {sent for _, _, sent in ROW.findall(track(fresh))} == {"scores, dvc.lock, params.yaml, report"}
    assert "report/index.html" in list_files(fresh, run_id)
    (fresh.root / "params.yaml").write_bytes(shipped)
    switch_on(fresh, report="never")
    assert "not sent: report: tracking.report is never" in track(fresh)


def test_a_tracked_training_has_the_same_bits_and_its_run_is_the_one_that_track_finds(copy: Repository) -> None:
    switch_on(copy)
    here = str(copy.root)
    copy.run(*TRAIN.split(), DVC_ROOT=here, MLFLOW_TRACKING_URI="")
    for new, old in (
        ("weights", "data/checkpoints/custom_cnn.safetensors"),
        ("train.json", "metrics/custom_cnn/train.json"),
        ("history.json", "plots/history/custom_cnn.json"),
    ):
        assert (copy.root / "new" / new).read_bytes() == (copy.root / old).read_bytes()
    sender = ("python", "-m", "lesions.tracking.send", f"{here}/.tracking/next.jsonl")
    copy.run(*sender, DVC_ROOT=here, MLFLOW_TRACKING_URI="")
    (run_id, parameter), *_ = ask(
        copy, "SELECT run_uuid, value FROM params WHERE key = 'architecture.learning_rate' ORDER BY 1"
    )
    assert float(parameter) == 0.004
    listed = track(copy, "--list")
    assert re.fullmatch(rf"model .*\ncustom_cnn\s+{run_id}\s+lesions\s+sqlite:///\S+\s+of the workspace\s*\n", listed)


def test_tracking_that_is_off_is_said(copy: Repository) -> None:
    printed = track(copy, check=False)
    assert printed == "error: params.yaml: tracking.kind is none; set it to mlflow (that retrains nothing)\n"


def test_a_server_that_is_not_there_is_named(copy: Repository) -> None:
    switch_on(copy, uri="http://127.0.0.1:9")
    printed = track(copy, check=False)
    assert printed.startswith("error: http://127.0.0.1:9: ")
    assert "`lesions track` sends it" in printed


def test_what_is_not_known_of_a_revision_is_refused(fresh: Repository, tmp_path: Path) -> None:
    switch_on(fresh, uri=f"sqlite:///{tmp_path}/runs.db")
    assert "there is no revision nowhere in this repository" in track(fresh, "nowhere", check=False)
    (fresh.root / "plots/history/resnet18.json").unlink()
    assert "plots/history/resnet18.json: is not there; `dvc repro` trains resnet18 first" in track(fresh, check=False)
