"""Bounds on what is received: bytes are counted as they arrive, before anything reads them."""

import asyncio
from contextlib import suppress

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lesions.service.refusal import Refusal, refuse_busy
from lesions.service.settings import Settings

DISCARDING_SECONDS = 5
"""So long the rest of a refused body is read and thrown away: many clients read no answer before they sent all."""


class Room:
    """How many requests are under way, and how many bytes they hold.

    Attributes
    ----------
    num_requests, num_bytes
        Of all requests.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.num_requests = self.num_bytes = 0

    def check_request(self) -> None:
        """Raise Refusal if no further request may be under way."""
        if self.num_requests >= self._settings.max_waiting:
            raise refuse_busy(f"{self.num_requests} requests are under way, which is all that this service takes")

    def check_bytes(self, num_bytes: int) -> None:
        """Raise Refusal if so many further bytes may not be held."""
        if self.num_bytes + num_bytes > self._settings.max_held_bytes:
            raise refuse_busy("the requests under way hold all the memory that they may; send this one again")


class LimitsMiddleware:
    """Bounds the bodies of requests: their bytes, their number, and the time that they take to arrive."""

    def __init__(self, app: ASGIApp, settings: Settings, room: Room) -> None:
        self._app, self._settings, self._room = app, settings, room

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or raise Refusal."""
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        body = BoundedBody(receive, self._settings, self._room)
        headers = Headers(scope=scope)
        try:
            body.check_length(int(headers.get("content-length", "0")))
            self._room.check_request()
            self._room.num_requests += 1
            try:
                await self._app(scope, body.receive, send)
            finally:
                self._room.num_requests -= 1
                self._room.num_bytes -= body.num_bytes
        except Refusal as refusal:
            if not body.is_complete:
                refusal.headers["Connection"] = "close"
                # A client that expects to be told to go on has sent nothing yet.
                if body.num_bytes or "expect" not in headers:
                    await body.discard()
            raise


class BoundedBody:
    """The body of one request as it arrives.

    Attributes
    ----------
    num_bytes
        How many have arrived.
    is_complete
        Whether all have, or the client is gone.
    """

    def __init__(self, receive: Receive, settings: Settings, room: Room) -> None:
        self._receive, self._settings, self._room = receive, settings, room
        self._ends = asyncio.get_running_loop().time() + settings.max_seconds
        self.num_bytes = 0
        self.is_complete = False

    def check_length(self, num_bytes: int) -> None:
        """Raise Refusal if a body of so many bytes is too large."""
        if num_bytes > self._settings.max_bytes:
            raise Refusal(413, f"the request has more than {self._settings.max_bytes:,} bytes")

    async def receive(self) -> Message:
        """Return the next message; raise Refusal if the body is too large, or takes too long."""
        if self.is_complete:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._ends):
                message = await self._receive()
        except TimeoutError as error:
            raise Refusal(408, f"the request took more than {self._settings.max_seconds:g} s to arrive") from error
        self.is_complete = not message.get("more_body", False)
        num_bytes = len(message.get("body", b""))
        self.check_length(self.num_bytes + num_bytes)
        self._room.check_bytes(num_bytes)
        self.num_bytes += num_bytes
        self._room.num_bytes += num_bytes
        return message

    async def discard(self) -> None:
        """Read the rest and throw it away, for a short time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(DISCARDING_SECONDS):
                while (await self._receive()).get("more_body", False):
                    pass
