"""Trainings that are tracked, without a network, and a way to an MLflow server that can be closed."""

import socket
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from lesions.tracking.parameters import TrackingParameters
from lesions.tracking.spool import Training

KEY = "ab" * 32


def entry(epoch: int) -> dict[str, Any]:
    """An epoch's entry in the history."""
    return {
        "epoch": epoch,
        "phase": "all",
        "learning_rates": {"head": 0.1 / epoch},
        "train": {"loss": 1.0 / epoch, "gradient_norm": 3.0},
        "val": {"loss": 2.0 / epoch},
    }


def mlflow_at(uri: str) -> TrackingParameters:
    return TrackingParameters(kind="mlflow", uri=uri, experiment="lesions", report="synthetic")


def training(folder: Path) -> Training:
    """A training that writes its history into a folder."""
    settings = {"training": {"seed": 0}, "architecture": {"phases": [{"name": "all"}]}}
    return Training(model="cnn", key=KEY, settings=settings, history=folder / "history.json")


class Door:
    """A port that leads to a server once it is opened; until then it accepts and never answers."""

    def __init__(self, target: int, *, port: int = 0, is_open: bool = False) -> None:
        self._target = target
        self._is_open = is_open
        self._listener = socket.create_server(("127.0.0.1", port))
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    @property
    def was_used(self) -> bool:
        return bool(self._sockets)

    def open(self) -> None:
        """From now on, answer new connections."""
        self._is_open = True

    def __enter__(self) -> "Door":
        return self

    def __exit__(self, *_: object) -> None:
        for each in (self._listener, *self._sockets):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)  # ends what another thread waits for
            each.close()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._sockets.append(client)
                if self._is_open:
                    server = socket.create_connection(("127.0.0.1", self._target))
                    self._sockets.append(server)
                    for pair in ((client, server), (server, client)):
                        self._threads.append(threading.Thread(target=_pump, args=pair))
                        self._threads[-1].start()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
