"""Answering only those who know the token."""

import hmac

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from lesions.service.refusal import Refusal
from lesions.service.settings import TOKEN_VARIABLE

OPEN_PATHS = frozenset({"/", "/health", "/ready", "/openapi.json"})
OPEN_FOLDER = "/page/"
"""What is answered without a token: what a probe asks, and the page, which is the same for everybody."""


class AuthorisationMiddleware:
    """Refuses requests without the token.

    Parameters
    ----------
    token
        None to answer everybody.
    """

    def __init__(self, app: ASGIApp, token: str | None) -> None:
        self._app = app
        self._expected = None if token is None else f"Bearer {token}".encode("ascii")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or raise Refusal."""
        if scope["type"] == "http" and self._expected is not None and not _is_open(scope["path"]):
            given = Headers(scope=scope).get("authorization", "").encode("latin-1")
            if not hmac.compare_digest(given, self._expected):
                raise Refusal(
                    401,
                    "this service needs the header Authorization: Bearer <token>, with the value of "
                    f"{TOKEN_VARIABLE}",
                    headers={"WWW-Authenticate": "Bearer"},
                )
        await self._app(scope, receive, send)


def _is_open(path: str) -> bool:
    return path in OPEN_PATHS or path.startswith(OPEN_FOLDER)
