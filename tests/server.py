"""A server on this machine that behaves as badly as servers do."""

import ssl
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

DATA = bytes(range(256)) * 4096
"""A megabyte."""

VERSION = '"1"'
"""The ETag of what is sent, where a test says nothing else."""

Answer = Callable[[BaseHTTPRequestHandler], None]


class Server:
    """A server with one answer per path, which records the requested ranges; with a certificate, by https."""

    def __init__(self, certificate: Path | None = None) -> None:
        self.answers: dict[str, Answer] = {}
        self.ranges: list[str | None] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.ranges.append(self.headers.get("Range"))
                server.answers[self.path.partition("?")[0]](self)

            def log_message(self, *_: object) -> None:
                pass

        class Http(ThreadingHTTPServer):
            def handle_error(self, *_: object) -> None:
                """Print nothing when the client hangs up."""

        self._http = Http(("127.0.0.1", 0), Handler)
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
        request.end_headers()
        request.wfile.write(body)

    return answer
