"""A service in a process of its own, and requests as programs send them."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.builders import ROOT

PROGRAM = "from lesions.command_line.app import app; app()"
BOUNDARY = "a-boundary-that-no-image-holds"
MULTIPART = f"multipart/form-data; boundary={BOUNDARY}"


@dataclass(frozen=True)
class Reply:
    """The answer of a service."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def reason(self) -> str:
        assert set(self.headers) >= {"content-security-policy", "x-content-type-options"}
        return str(self.json["reason"])


def build_body(*files: tuple[str, bytes], **fields: str) -> bytes:
    """Return the multipart body of files and fields."""
    parts = [f'name="files"; filename="{name}"\r\n\r\n'.encode() + data for name, data in files]
    parts += [f'name="{name}"\r\n\r\n{value}'.encode() for name, value in fields.items()]
    head = f"--{BOUNDARY}\r\nContent-Disposition: form-data; ".encode()
    return b"".join(head + part + b"\r\n" for part in parts) + f"--{BOUNDARY}--\r\n".encode()


class Service:
    """`lesions serve` on a free port; `before` is run in its process first."""

    def __init__(
        self,
        *models: Path,
        options: Sequence[str] = (),
        token: str | None = None,
        before: str = "",
        **environment: str,
    ) -> None:
        variables = {name: value for name, value in os.environ.items() if name != "LESIONS_TOKEN"}
        variables |= {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error", **environment}
        if token is not None:
            variables["LESIONS_TOKEN"] = token
        self.process = subprocess.Popen(
            [sys.executable, "-c", before + PROGRAM, "serve", *map(str, models), "--port", "0", *options],
            env=variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert self.process.stdout is not None
        self.announced = self.process.stdout.readline().decode()
        if not self.announced:
            raise RuntimeError(self.stop()[1])
        self.address = ("127.0.0.1", int(urlsplit(self.announced.rpartition(" at ")[2]).port or 0))

    def stop(self, sent: int = signal.SIGTERM) -> tuple[int, str]:
        """Stop the process, and return its exit code and what it wrote."""
        self.process.send_signal(sent)
        output, errors = self.process.communicate(timeout=60)
        return self.process.returncode, (output + errors).decode()

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        kind: str = MULTIPART,
        headers: dict[str, str] | None = None,
    ) -> Reply:
        """Send a request on a connection of its own."""
        connection = http.client.HTTPConnection(*self.address, timeout=60)
        try:
            given = {"Content-Type": kind} if body is not None else {}
            connection.request(method, path, body, given | (headers or {}))
            return read_reply(connection)
        finally:
            connection.close()

    def predict(self, *files: tuple[str, bytes], path: str = "/predict", **fields: str) -> Reply:
        """Send images."""
        return self.ask("POST", path, build_body(*files, **fields))

    def wait_for(self, line: str) -> None:
        """Wait until the metrics have a line."""
        while f"\n{line}\n" not in self.ask("GET", "/metrics").body.decode():
            assert self.process.poll() is None

    def kill(self) -> None:
        """End the process at once."""
        self.process.kill()
        self.process.communicate()

    def begin(self, body: bytes, num_bytes: int, path: str = "/predict") -> "Begun":
        """Send the head of a request, and the first bytes of its body."""
        return Begun(self.address, path, body, num_bytes)


class Begun:
    """A request whose body is on its way."""

    def __init__(self, address: tuple[str, int], path: str, body: bytes, num_bytes: int) -> None:
        self._connection = http.client.HTTPConnection(*address, timeout=60)
        self._connection.putrequest("POST", path)
        self._connection.putheader("Content-Type", MULTIPART)
        self._connection.putheader("Content-Length", str(len(body)))
        self._connection.endheaders(body[:num_bytes])
        self._rest = body[num_bytes:]

    def finish(self) -> Reply:
        """Send the rest, and return the answer."""
        self._connection.send(self._rest)
        return self.read()

    def read(self) -> Reply:
        """Return the answer, which may come before all is sent, and hang up."""
        try:
            return read_reply(self._connection)
        finally:
            self.close()

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


def read_reply(connection: http.client.HTTPConnection) -> Reply:
    """Return the answer to what was sent."""
    response = connection.getresponse()
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Reply(response.status, headers, response.read())


def send_raw(address: tuple[str, int], data: bytes) -> bytes:
    """Send bytes that need not be a request, and return all that comes until the other side hangs up."""
    received = b""
    with socket.create_connection(address, timeout=60) as connection, suppress(OSError):  # it may hang up at any time
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        while piece := connection.recv(65536):
            received += piece
    return received


def check_alike(found: Any, expected: Any) -> None:
    """Check that answers are the same; their numbers may differ by the rounding of another size of batch."""
    if isinstance(expected, dict):
        assert [*found] == [*expected]
        for name, value in expected.items():
            check_alike(found[name], value)
    elif isinstance(expected, list):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            check_alike(one, other)
    else:
        assert found == (pytest.approx(expected, rel=1e-4) if isinstance(expected, float) else expected)
