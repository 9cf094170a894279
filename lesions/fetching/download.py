"""Downloading one file, resuming after dropped connections, and never taking a partial file for a complete one."""

import hashlib
import time
from pathlib import Path

import requests
from rich.progress import Progress, TaskID

from lesions.errors import InputError, quote_value
from lesions.fetching.catalogue import Digest, RemoteFile
from lesions.fetching.request import hide_credentials, read_pieces, request_url
from lesions.formats.atomic import named_errors
from lesions.hardware.disk import check_room, count_bytes
from lesions.stage.failure import FULL_DISK

MAX_TRIES = 5
"""Maximum number of consecutive tries that bring no new bytes."""

WAIT_SECONDS = 1.0
"""Wait before the second try; each further wait is twice as long."""

MAX_ASKED_SECONDS = 120.0
"""Longest wait that a server's `Retry-After` is granted."""

TRY_AGAIN = (requests.codes.request_timeout, requests.codes.too_many_requests)
"""What a server answers that may have the file a little later; all codes from 500 on say so too."""

MAX_LENGTH_DIGITS = 18
"""Number of digits of the longest length that is understood, of an exabyte."""

TABLE_START_BYTES = 1 << 16
"""Bytes of a table that are looked at."""


class BusyError(requests.ConnectionError):
    """A server's answer that the file may come later.

    Attributes
    ----------
    asked_seconds
        How long the server asks to wait; 0 if it does not say.
    """

    def __init__(self, response: requests.Response) -> None:
        super().__init__(f"{response.status_code} {response.reason}")
        self.asked_seconds = read_wait(response.headers.get("Retry-After", ""))


def read_wait(retry_after: str) -> float:
    """Return the seconds of a header `Retry-After`, at most `MAX_ASKED_SECONDS`; 0 if it is a date or nonsense."""
    is_number = retry_after.isascii() and retry_after.isdecimal() and len(retry_after) <= MAX_LENGTH_DIGITS
    return min(float(retry_after), MAX_ASKED_SECONDS) if is_number else 0.0


def download_file(file: RemoteFile, folder: Path, progress: Progress) -> Path:
    """Download a file into a folder, resuming a partial download; a complete file is not downloaded again.

    The bytes received are in `<name>.part` beside it, which is renamed when it is complete. `<name>.part.from` has
    the address and the version; `remove_download` removes all three.

    Raises
    ------
    InputError
        If the server does not have the file, sends another size than it announces or than is published, sends a file
        with another checksum than the published one or a table that is none, sends too slowly, or cannot be reached
        in `MAX_TRIES`; if the disk has no room; if a file of this name is there that was not downloaded from there.
    """
    path, part = folder / file.name, folder / f"{file.name}.part"
    folder.mkdir(parents=True, exist_ok=True)
    if path.exists() and _read_origin(part)[0] == file.shown_url:
        return path
    for found in (path, part):
        if found.exists() and not _origin_path(part).exists():
            raise InputError(f"{found}: is there already, and was not downloaded; move it away")
    task = progress.add_task(file.name, total=file.size_bytes)
    tries = 0
    while True:
        before = count_bytes(part)
        try:
            _receive_bytes(file, part, progress=progress, task=task)
            break
        except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
            tries = 1 if count_bytes(part) > before else tries + 1
            if tries == MAX_TRIES:
                raise InputError(
                    f"{file.shown_url}: no answer in {MAX_TRIES} tries ({hide_credentials(str(error))}); "
                    f"{count_bytes(part):,} bytes are in {part}, and the same command continues from there"
                ) from error
            asked = error.asked_seconds if isinstance(error, BusyError) else 0.0
            time.sleep(max(asked, WAIT_SECONDS * 2 ** (tries - 1)))
        except requests.RequestException as error:
            raise InputError(f"{file.shown_url}: {hide_credentials(str(error))}") from error
        except OSError as error:
            if error.errno not in FULL_DISK:
                raise
            raise InputError(
                f"{part}: {error.strerror}; its {count_bytes(part):,} bytes stay: make room, and the same command "
                "continues from there"
            ) from error
    if file.digest is not None:
        check_digest(part, file.digest, file.shown_url)
    elif path.suffix == ".csv":
        _check_table(part, file.shown_url)
    part.replace(path)
    return path


def remove_download(file: RemoteFile, folder: Path) -> None:
    """Remove what `download_file` has left of a file in a folder, and nothing that it did not make."""
    part = folder / f"{file.name}.part"
    if _origin_path(part).exists():
        for path in (folder / file.name, part, _origin_path(part)):
            path.unlink(missing_ok=True)


def _receive_bytes(file: RemoteFile, part: Path, *, progress: Progress, task: TaskID) -> None:
    """Append the missing bytes of a file to its part."""
    url, version = _read_origin(part)
    # A part from another address, or of an unknown version of the file, is not resumed.
    received = count_bytes(part) if url == file.shown_url and version else 0
    response = _request_file(file.url, received, version)
    if response.status_code == requests.codes.requested_range_not_satisfiable:
        response.close()
        if response.headers.get("Content-Range") == f"bytes */{received}":
            # The program was killed after the last byte.
            _expect_size(file, received, "0")
            return
        # The part is not the beginning of this file.
        received, response = 0, _request_file(file.url, 0, "")
    with response:
        if response.status_code >= 500 or response.status_code in TRY_AGAIN:
            raise BusyError(response)
        if not response.ok:
            raise InputError(f"{file.shown_url}: {response.status_code} {response.reason}; is the file still there?")
        if response.status_code != requests.codes.partial_content:
            received = 0
        expected = _expect_size(file, received, response.headers.get("Content-Length"))
        check_room(part.parent, 0 if expected is None else expected - received, file.name)
        progress.update(task, total=expected, completed=received)
        version = response.headers.get("ETag") or response.headers.get("Last-Modified") or ""
        with named_errors(part), part.open("ab" if received else "wb") as written:
            _origin_path(part).write_text(f"{file.shown_url}\n{version}", encoding="utf-8")
            for piece in read_pieces(response):
                written.write(piece)
                progress.advance(task, len(piece))
                if written.tell() > (file.max_bytes if expected is None else expected):
                    _remove_part(part)
                    raise InputError(_describe_excess(file, expected))
    if expected is not None and count_bytes(part) < expected:
        raise requests.ConnectionError(f"the connection ended after {count_bytes(part):,} of {expected:,} bytes")


def _request_file(url: str, received: int, version: str) -> requests.Response:
    """Request a file, without the bytes already received if it still has that version."""
    # The length of a compressed response would not be the file's.
    headers = {"Accept-Encoding": "identity"}
    if received:
        headers |= {"Range": f"bytes={received}-", "If-Range": version}
    return request_url(url, headers)


def _expect_size(file: RemoteFile, received: int, length: str | None) -> int | None:
    """Return the size of the complete file in bytes: the published one, or else the one that the server announces."""
    if length is not None and not (length.isdecimal() and len(length) <= MAX_LENGTH_DIGITS):
        raise InputError(
            f"{file.shown_url}: announces a length of {quote_value(length)}, which is no number of bytes"
        )
    total = None if length is None else received + int(length)
    if file.size_bytes is None:
        if total is not None and total > file.max_bytes:
            raise InputError(_describe_excess(file, total))
        return total
    if total not in (None, file.size_bytes):
        raise InputError(f"{file.shown_url}: has {total:,} bytes, but {file.size_bytes:,} are published")
    return file.size_bytes


def _describe_excess(file: RemoteFile, expected: int | None) -> str:
    if expected is None or (file.size_bytes is None and expected > file.max_bytes):
        return f"{file.shown_url}: has more than {file.max_bytes:,} bytes, about twice what is published there"
    return f"{file.shown_url}: sends more than the {expected:,} bytes that it should have"


def check_digest(path: Path, digest: Digest, url: str) -> None:
    """Remove a file that does not have the published checksum, and raise InputError."""
    with path.open("rb") as file:
        actual = hashlib.file_digest(file, digest.algorithm).hexdigest()
    if actual != digest.digits:
        _remove_part(path)
        raise InputError(
            f"{url}: has the {digest.algorithm} {actual}, but {digest.digits} is published; it was removed"
        )


def _check_table(path: Path, url: str) -> None:
    """Remove a file that is no CSV of several columns, such as a page that says why there is none, and raise."""
    with path.open("rb") as file:
        start = file.read(TABLE_START_BYTES)
    header = start.decode("utf-8-sig", errors="replace").lstrip().partition("\n")[0]
    if "," not in header or header.startswith(("<", "{", "[")) or "\0" in header:
        _remove_part(path)
        raise InputError(
            f"{url}: is no table of several columns (it begins with {quote_value(header)}); it was removed"
        )


def _remove_part(part: Path) -> None:
    part.unlink()
    _origin_path(part).unlink(missing_ok=True)


def _read_origin(part: Path) -> tuple[str, str]:
    """Return the address that a part is from, and its version (ETag or date); empty texts if they are not known."""
    if not _origin_path(part).exists():
        return "", ""
    url, _, version = _origin_path(part).read_text(encoding="utf-8", errors="replace").partition("\n")
    return url, version


def _origin_path(part: Path) -> Path:
    return part.with_name(f"{part.name}.from")
