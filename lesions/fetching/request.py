"""Asking a server for a file, and reading its answer no longer, and no slower, than a file can take."""

import re
import time
from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

import requests
from urllib3.exceptions import DecodeError, HTTPError, ProtocolError

from lesions.errors import InputError

TIMEOUT_SECONDS = (10, 60)
"""Longest wait for a connection, and between two parts of a response."""

MAX_REDIRECTS = 10

PIECE_BYTES = 1 << 16
"""Most bytes that are read at a time."""

WATCHED_SECONDS, MIN_WATCHED_BYTES = 300.0, 3_000_000
"""A server that sends fewer bytes in this time would take days for a dataset, and is given up."""


class _Session(requests.Session):
    """A session that does not follow redirects, because it would read the whole body of each."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        return None


def request_url(url: str, headers: dict[str, str] | None = None) -> requests.Response:
    """Request an address, follow its redirects, and return the response, whose body is not read yet.

    Raises
    ------
    InputError
        If the address, or one that it redirects to, is invalid; if a redirect leads from https to another protocol;
        if there are more than `MAX_REDIRECTS`.
    requests.RequestException
        If there is no answer.
    """
    target = url
    try:
        with _Session() as session:
            for _ in range(MAX_REDIRECTS + 1):
                response = session.get(target, headers=headers, stream=True, timeout=TIMEOUT_SECONDS)
                location = requests.Session.get_redirect_target(session, response)
                if location is None:
                    return response
                response.close()
                target = _follow_redirect(response.url, location)
    except InputError:
        raise
    except ValueError as error:
        raise InputError(f"{hide_credentials(url)}: {hide_credentials(str(error))}") from error
    raise InputError(f"{hide_credentials(url)}: redirects more than {MAX_REDIRECTS} times")


def _follow_redirect(url: str, location: str) -> str:
    """Return the address to which a redirect leads; refuse one that anybody on the way could read and change."""
    target = urljoin(url, location)
    if urlsplit(url).scheme == "https" and urlsplit(target).scheme != "https":
        raise InputError(
            f"{hide_credentials(url)}: redirects from https to {hide_credentials(target)}, which is not encrypted"
        )
    return target


def read_pieces(response: requests.Response) -> Iterator[bytes]:
    """Yield the body of a response in pieces, each as soon as it has arrived.

    Raises
    ------
    InputError
        If fewer than `MIN_WATCHED_BYTES` arrive in `WATCHED_SECONDS`.
    requests.RequestException
        If the connection ends early.
    """
    start, received = time.monotonic(), 0
    while piece := _read_piece(response):
        yield piece
        received += len(piece)
        if time.monotonic() - start >= WATCHED_SECONDS:
            if received < MIN_WATCHED_BYTES:
                raise InputError(
                    f"{hide_credentials(response.url)}: sent {received:,} bytes in {WATCHED_SECONDS:.0f} seconds, "
                    "which is too slow for a dataset; the same command continues from there"
                )
            start, received = time.monotonic(), 0


def _read_piece(response: requests.Response) -> bytes:
    """Read what has arrived, at most `PIECE_BYTES`; nothing at the end."""
    try:
        piece: bytes = response.raw.read1(PIECE_BYTES, decode_content=True)
    except DecodeError as error:
        raise requests.exceptions.ContentDecodingError(error) from error
    except ProtocolError as error:
        raise requests.exceptions.ChunkedEncodingError(error) from error
    except HTTPError as error:
        raise requests.ConnectionError(error) from error
    return piece


def hide_credentials(text: str) -> str:
    """Return a text without the user names and passwords of the addresses in it."""
    return re.sub(r"//\S*@", "//…@", text)
