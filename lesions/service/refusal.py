"""Refusing a request: with a status and a reason as JSON, whatever goes wrong."""

import json
import logging
import traceback
from collections.abc import Mapping
from typing import Any

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

LOG = logging.getLogger(__name__)

UNEXPECTED = "something failed in the service, which its log names"


class Refusal(Exception):  # noqa: N818, it is no error of the program
    """The answer to a request that is not met.

    Attributes
    ----------
    status
        The status of HTTP.
    reason
        A plain sentence.
    headers
        Headers that the answer has besides.
    details
        What the answer says besides the reason.
    """

    def __init__(
        self,
        status: int,
        reason: str,
        *,
        headers: Mapping[str, str] | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason
        self.headers, self.details = {**(headers or {})}, {**(details or {})}

    def respond(self) -> Response:
        """Return the answer."""
        return respond({"reason": self.reason, **self.details}, status=self.status, headers=self.headers)


def refuse_busy(reason: str) -> Refusal:
    """Return the refusal of a request that there is no room for now."""
    return Refusal(429, reason, headers={"Retry-After": "1"})


def refuse_failed(reason: str) -> Refusal:
    """Return the refusal of a request that was taken and could not be answered."""
    return Refusal(503, reason, headers={"Retry-After": "5"})


def respond(content: Mapping[str, Any], *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return an answer in JSON."""
    body = json.dumps(content, ensure_ascii=False, allow_nan=False).encode("utf-8", "backslashreplace")
    return Response(body, status, headers, media_type="application/json")


class RefusalMiddleware:
    """Answers whatever is raised further in.

    What is unexpected is logged by its kind and place. Its message is not, for it may quote what was sent.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        try:
            await self._app(scope, receive, send)
        except Refusal as refusal:
            await refusal.respond()(scope, receive, send)
        except ClientDisconnect:
            return
        except Exception as error:  # noqa: BLE001, the service goes on
            LOG.error("%s at %s", type(error).__name__, _name_place(error))
            await Refusal(500, UNEXPECTED).respond()(scope, receive, send)


def _name_place(error: Exception) -> str:
    """Return the files and lines through which an error came."""
    frames = traceback.extract_tb(error.__traceback__)
    return " < ".join(f"{frame.filename}:{frame.lineno}" for frame in reversed(frames))
