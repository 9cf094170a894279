"""A server of S3 on this machine, and a proxy that fails in between."""

import http.client
import logging
from collections.abc import Callable
from email.message import Message
from functools import cached_property
from http.server import BaseHTTPRequestHandler

import boto3
from moto.moto_server.threaded_moto_server import ThreadedMotoServer

from tests.server import LocalServer, QuietHandler

BUCKET = "lesions"
KEYS = {"access_key_id": "AKIATESTONLYTESTONLY", "secret_access_key": "not-for-git"}

OF_CONNECTION = ("connection", "content-length", "date", "server", "transfer-encoding")
"""Headers that a proxy does not pass on."""


class S3:
    """A server of S3, with a bucket."""

    def __init__(self) -> None:
        logging.getLogger("werkzeug").setLevel(logging.WARNING)  # it logs each request
        self._server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self._server.start()
        self.address = "http://{}:{}".format(*self._server.get_host_and_port())
        self.client = boto3.client(
            "s3",
            endpoint_url=self.address,
            region_name="us-east-1",
            aws_access_key_id=KEYS["access_key_id"],
            aws_secret_access_key=KEYS["secret_access_key"],
        )
        self.client.create_bucket(Bucket=BUCKET)

    def close(self) -> None:
        self.client.close()
        self._server.stop()

    def list_keys(self, prefix: str) -> list[str]:
        """The keys of all objects below a prefix."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
        return [each["Key"] for page in pages for each in page.get("Contents", ())]


class Exchange:
    """A request to a proxy, and what the true server answers as soon as somebody wants to know it."""

    def __init__(self, address: str, request: BaseHTTPRequestHandler) -> None:
        self.method, self.path, self.headers = request.command, request.path, request.headers
        self._address = address
        self._sent = request.rfile.read(int(request.headers.get("Content-Length") or 0))

    @cached_property
    def answer(self) -> tuple[int, Message, bytes]:
        """The status, the headers and the body."""
        connection = http.client.HTTPConnection(self._address.removeprefix("http://"))
        connection.request(self.method, self.path, self._sent, dict(self.headers))
        response = connection.getresponse()
        body = response.read()
        connection.close()
        return response.status, response.headers, body

    @property
    def body(self) -> bytes:
        """The body of the true answer."""
        return self.answer[2]


Behaviour = Callable[[Exchange], tuple[int, bytes] | None]
"""The status and the body that are sent; None for no answer."""


def pass_on(exchange: Exchange) -> tuple[int, bytes]:
    """Send what the true server answers."""
    return exchange.answer[0], exchange.body


class Proxy(LocalServer):
    """A server between a client and another one, which may spoil what it passes on, or pass nothing on.

    An answer that is no error is sent under the length of the true one, so that a shorter one is cut.
    """

    def __init__(self, address: str) -> None:
        self.behave: Behaviour = pass_on
        self.requests: list[str] = []
        proxy = self

        class Handler(QuietHandler):
            protocol_version = "HTTP/1.1"

            def serve(self) -> None:
                proxy.requests.append(f"{self.command} {self.path}")
                exchange = Exchange(address, self)
                sent = proxy.behave(exchange)
                if sent is None:
                    self.close_connection = True
                    return
                status, body = sent
                self.send_response(status)
                length = str(len(body))
                if status < 400:
                    _, headers, true_body = exchange.answer
                    length = headers["Content-Length"] or str(len(true_body))
                    for name in [name for name in headers if name.lower() not in OF_CONNECTION]:
                        self.send_header(name, headers[name])
                self.send_header("Content-Length", length)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)
                    self.close_connection = str(len(body)) != length

            do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = serve  # noqa: N815

        super().__init__(Handler)
