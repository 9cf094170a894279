"""Every epoch of a training gets to a real MLflow server, once, however the server and the training fare."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from lesions.tracking.callback import open_tracking
from lesions.tracking.spool import Record, read_record
from tests.builders import ROOT
from tests.tracking import KEY, Door, entry, mlflow_at, training

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
pytest.importorskip("flask_cors", reason="the packages of an MLflow server are not installed")
pytest.importorskip("alembic", reason='MLflow is not installed: pip install "lesions[mlflow]"')


def find_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait for what must come; the test's timeout ends it if it does not."""
    while not is_so():
        time.sleep(0.1)


def is_healthy(address: str) -> bool:
    try:
        return requests.get(f"{address}/health", timeout=5).ok
    except requests.ConnectionError:
        return False


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of an MLflow server."""
    folder, port = tmp_path_factory.mktemp("server"), find_port()
    command = ["-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    places = ["--backend-store-uri", f"sqlite:///{folder}/runs.db", "--artifacts-destination", str(folder / "files")]
    server = subprocess.Popen(
        [sys.executable, *command, *places],
        env=os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    wait_until(lambda: is_healthy(f"http://127.0.0.1:{port}"))
    yield port
    os.killpg(server.pid, signal.SIGTERM)
    server.wait()


@pytest.fixture
def address(port: int) -> str:
    return f"http://127.0.0.1:{port}"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the spools."""
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    (tmp_path / "history.json").write_text("[]\n")
    return tmp_path / ".tracking"


def ask(address: str, what: str, **query: str) -> Any:
    answer = requests.get(f"{address}/api/2.0/mlflow/{what}", params=query, timeout=60)
    answer.raise_for_status()
    return answer.json()


def find_record(folder: Path) -> Record:
    (path,) = folder.glob("*.jsonl")
    wait_until(lambda: read_record(path) is not None)
    record = read_record(path)
    assert record is not None
    return record


def list_steps(address: str, record: Record) -> list[int]:
    """The steps of the validation loss, each as often as MLflow has it."""
    points = ask(address, "metrics/get-history", run_id=record.run_id, metric_key="val/loss").get("metrics", [])
    assert [point["value"] for point in points] == [2.0 / point["step"] for point in points]
    return [point["step"] for point in points]


def read_run(address: str, record: Record) -> Any:
    return ask(address, "runs/get", run_id=record.run_id)["run"]


def send_what_is_left(folder: Path) -> None:
    """Do what the next training's process does."""
    sender = [sys.executable, "-m", "lesions.tracking.send", str(folder / "of_the_next.jsonl")]
    subprocess.run(sender, cwd=ROOT, stdin=subprocess.DEVNULL, check=True)


def test_epochs_are_in_mlflow_while_the_training_goes_on(tmp_path: Path, folder: Path, address: str) -> None:
    with open_tracking(mlflow_at(address), training(tmp_path)) as on_epoch:
        on_epoch(entry(1))
        on_epoch(entry(2))
        record = find_record(folder)
        wait_until(lambda: list_steps(address, record) == [1, 2])
        assert read_run(address, record)["info"]["status"] == "RUNNING"
        on_epoch(entry(3))
    wait_until(lambda: not list(folder.glob("*.jsonl")))
    assert list_steps(address, record) == [1, 2, 3]
    run = read_run(address, record)
    assert (run["info"]["run_name"], run["info"]["status"]) == ("cnn", "FINISHED")
    assert {each["key"]: each["value"] for each in run["data"]["params"]} == {
        "training.seed": "0",
        "architecture.phases.0.name": "all",
    }
    assert {each["key"]: each["value"] for each in run["data"]["metrics"]} == {
        "train/loss": pytest.approx(1 / 3),
        "train/gradient_norm": 3,
        "val/loss": pytest.approx(2 / 3),
        "learning_rate/head": pytest.approx(0.1 / 3),
    }
    tags = {each["key"]: each["value"] for each in run["data"]["tags"]}
    (kept,) = folder.glob("*.json")
    last = read_record(kept)
    assert last is not None
    assert tags["lesions.history_sha256"] == last.history_sha256
    assert (tags["lesions.model"], tags["lesions.training"]) == ("cnn", KEY)
    assert not (tmp_path / "mlruns").exists()
    assert not (ROOT / "mlruns").exists()


def test_a_server_that_never_answers_and_then_does_gets_every_epoch_once(
    tmp_path: Path, folder: Path, address: str, port: int
) -> None:
    with Door(port) as door, open_tracking(mlflow_at(door.address), training(tmp_path)) as on_epoch:
        on_epoch(entry(1))
        wait_until(lambda: door.was_used)
        on_epoch(entry(2))
        door.open()
        record = find_record(folder)
        wait_until(lambda: list_steps(address, record) == [1, 2])
        on_epoch(entry(3))
        wait_until(lambda: list_steps(address, record) == [1, 2, 3])


def test_what_a_server_that_was_not_there_missed_is_sent_by_the_next_training_once(
    tmp_path: Path, folder: Path, address: str, port: int
) -> None:
    later = find_port()
    with open_tracking(mlflow_at(f"http://127.0.0.1:{later}"), training(tmp_path)) as on_epoch:
        on_epoch(entry(1))
        on_epoch(entry(2))
    send_what_is_left(folder)  # in vain
    (spool,) = folder.glob("*.jsonl")
    assert read_record(spool) is None
    content = spool.read_bytes()
    with Door(port, port=later, is_open=True):
        send_what_is_left(folder)
        record = read_record(spool)
        assert record is not None
        assert not spool.exists()
        spool.write_bytes(content)  # as if the process had been killed before it noted that all is sent
        spool.with_suffix(".json").unlink()
        send_what_is_left(folder)
    assert read_record(spool) == record
    assert list_steps(address, record) == [1, 2]
    assert read_run(address, record)["info"]["status"] == "FINISHED"


def test_a_killed_training_is_sent_and_goes_on_in_the_same_run(tmp_path: Path, folder: Path, address: str) -> None:
    script = (
        "import sys, time; from pathlib import Path; from lesions.tracking.callback import open_tracking\n"
        "from tests.tracking import entry, mlflow_at, training\n"
        "with open_tracking(mlflow_at(sys.argv[1]), training(Path(sys.argv[2]))) as on_epoch:\n"
        "    [on_epoch(entry(epoch)) for epoch in (1, 2)]\n    print('trained', flush=True)\n    time.sleep(600)\n"
    )
    command = [sys.executable, "-c", script, address, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as killed:
        assert killed.stdout is not None
        assert killed.stdout.readline() == "trained\n"
        killed.kill()
    record = find_record(folder)
    wait_until(lambda: read_run(address, record)["info"]["status"] == "KILLED")
    assert list_steps(address, record) == [1, 2]
    with open_tracking(mlflow_at(address), training(tmp_path)) as on_epoch:
        for epoch in (1, 2, 3):
            on_epoch(entry(epoch))
        wait_until(lambda: list_steps(address, record) == [1, 2, 3])
        wait_until(lambda: read_run(address, record)["info"]["status"] == "RUNNING")
    wait_until(lambda: not list(folder.glob("*.jsonl")))
    assert list_steps(address, record) == [1, 2, 3]
    assert read_run(address, record)["info"]["status"] == "FINISHED"


def test_no_telemetry_is_sent() -> None:
    probe = (
        "import lesions.tracking.mlflow_runs\n"
        "from mlflow.telemetry import get_telemetry_client\n"
        "from mlflow.telemetry.utils import is_telemetry_disabled\n"
        "assert is_telemetry_disabled() and get_telemetry_client() is None\n"
    )
    subprocess.run([sys.executable, "-c", probe], cwd=ROOT, env=os.environ | {"CI": ""}, check=True)
