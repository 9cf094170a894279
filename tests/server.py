"""A server on this machine that behaves as badly as servers do."""

import os
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

DATA = bytes(range(256)) * 4096
"""A megabyte."""

VERSION = '"1"'
"""The ETag of what is sent, where a test says nothing else."""

Answer = Callable[[BaseHTTPRequestHandler], None]


needs_openssl = pytest.mark.skipif(not shutil.which("openssl"), reason="no openssl to make a certificate")


def find_free_port() -> int:
    """Return a port of 127.0.0.1 on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


class QuietHandler(BaseHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


class QuietServer(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Print nothing when the client hangs up."""


class LocalServer:
    """A server on a free port, whose requests a handler answers; with a certificate, by https."""

    def __init__(self, handler: type[QuietHandler], certificate: Path | None = None) -> None:
        self._http = QuietServer(("127.0.0.1", 0), handler)
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._http.socket = context.wrap_socket(self._http.socket, server_side=True)
        self.address = f"http{'s' if certificate else ''}://127.0.0.1:{self._http.server_port}"
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


class Server(LocalServer):
    """A server with one answer per path, which records the requested ranges; with a certificate, by https."""

    def __init__(self, certificate: Path | None = None) -> None:
        self.answers: dict[str, Answer] = {}
        self.ranges: list[str | None] = []
        server = self

        class Handler(QuietHandler):
            def do_GET(self) -> None:
                server.ranges.append(self.headers.get("Range"))
                server.answers[self.path.partition("?")[0]](self)

            do_POST = do_GET  # noqa: N815

        super().__init__(Handler, certificate)


def write_certificate(folder: Path) -> Path:
    """Write a certificate for this machine with its key; whoever trusts this file trusts the server."""
    path, public = folder / "certificate.pem", folder / "public"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=x -addext subjectAltName=IP:127.0.0.1"
    subprocess.run([*command.split(), "-keyout", path, "-out", public], check=True, capture_output=True)
    path.write_text(path.read_text() + public.read_text())
    return path


def serve_git(repository: Path) -> Answer:
    """Return the answer of a server that has a git repository, by git's own program."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        path, _, query = request.path.partition("?")
        length = int(request.headers.get("Content-Length", 0))
        done = subprocess.run(
            ["git", "http-backend"],
            input=request.rfile.read(length),
            stdout=subprocess.PIPE,
            check=True,
            env={
                "PATH": os.environ["PATH"],
                "GIT_HTTP_EXPORT_ALL": "1",
                "PATH_TRANSLATED": str(repository / path.partition("/repository.git/")[2]),
                "QUERY_STRING": query,
                "REQUEST_METHOD": request.command,
                "CONTENT_TYPE": request.headers.get("Content-Type", ""),
                "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
                "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
            },
        )
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().splitlines())
        request.send_response(int(headers.pop("Status", "200").split()[0]))
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body)

    return answer


def send(
    data: bytes,
    *,
    status: int = 200,
    length: int | None = None,
    stop_after: int | None = None,
    version: str | None = VERSION,
    content_range: str | None = None,
) -> Answer:
    """Return an answer that announces `length` bytes, sends `data`, and hangs up after `stop_after` bytes."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        request.send_header("Content-Length", str(len(data) if length is None else length))
        if version is not None:
            request.send_header("ETag", version)
        if content_range is not None:
            request.send_header("Content-Range", content_range)
        request.end_headers()
        request.wfile.write(data[:stop_after])

    return answer


def send_ranges(data: bytes, *, at_once: int) -> Answer:
    """Return the answer of a server that supports ranges, and hangs up after `at_once` bytes each time."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        asked = request.headers.get("Range") if request.headers.get("If-Range") == VERSION else None
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
        if start >= len(data):
            return send(b"", status=416, content_range=f"bytes */{len(data)}")(request)
        return send(data[start:], status=206 if asked else 200, stop_after=at_once)(request)

    return answer


def redirect(location: str, body: bytes = b"") -> Answer:
    """Return an answer that says where the file is, with a body that nobody needs."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(302)
        request.send_header("Location", location)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    return answer
