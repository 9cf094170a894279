"""Downloading one file, resuming after dropped connections, and never taking a partial file for a complete one."""

import hashlib
import time
from pathlib import Path

import requests
from rich.progress import Progress, TaskID

from lesions.errors import InputError
from lesions.fetching.catalogue import TIMEOUT_SECONDS, Digest, RemoteFile
from lesions.hardware.disk import check_room, count_bytes

CHUNK_BYTES = 1 << 16
"""Bytes read at a time; of an incomplete chunk, nothing is kept when the connection drops."""

MAX_TRIES = 5
"""Maximum number of consecutive tries that bring no new bytes."""

WAIT_SECONDS = 1.0
"""Wait before the second try; each further wait is twice as long."""


def download_file(file: RemoteFile, folder: Path, progress: Progress) -> Path:
    """Download a file into a folder, resuming a partial download; a complete file is not downloaded again.

    The bytes received are in `<name>.part` beside it, which is renamed when it is complete.

    Raises
    ------
    InputError
        If the server does not have the file, sends another size than it announces or than is published, sends a file
        with another checksum than the published one, or cannot be reached in `MAX_TRIES`; if the disk has no room.
    """
    path, part = folder / file.name, folder / f"{file.name}.part"
    folder.mkdir(parents=True, exist_ok=True)
    if path.exists():
        return path
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
                    f"{file.url}: no answer in {MAX_TRIES} tries ({error}); {count_bytes(part):,} bytes are in "
                    f"{part}, and the same command continues from there"
                ) from error
            time.sleep(WAIT_SECONDS * 2 ** (tries - 1))
        except requests.RequestException as error:
            raise InputError(f"{file.url}: {error}") from error
    if file.digest is not None:
        check_digest(part, file.digest, file.url)
    part.replace(path)
    _origin_path(part).unlink(missing_ok=True)
    return path


def _receive_bytes(file: RemoteFile, part: Path, *, progress: Progress, task: TaskID) -> None:
    """Append the missing bytes of a file to its part."""
    url, _, version = _origin_path(part).read_text().partition("\n") if _origin_path(part).exists() else ("", "", "")
    # A part from another address, or of an unknown version of the file, is not resumed.
    received = count_bytes(part) if url == file.url and version else 0
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
        if response.status_code >= 500:
            raise requests.ConnectionError(f"{response.status_code} {response.reason}")
        if not response.ok:
            raise InputError(f"{file.url}: {response.status_code} {response.reason}; is the file still there?")
        if response.status_code != requests.codes.partial_content:
            received = 0
        _origin_path(part).write_text(
            f"{file.url}\n{response.headers.get('ETag') or response.headers.get('Last-Modified') or ''}"
        )
        expected = _expect_size(file, received, response.headers.get("Content-Length"))
        check_room(part.parent, 0 if expected is None else expected - received, file.name)
        progress.update(task, total=expected, completed=received)
        with part.open("ab" if received else "wb") as written:
            for chunk in response.iter_content(CHUNK_BYTES):
                written.write(chunk)
                progress.advance(task, len(chunk))
                if expected is not None and written.tell() > expected:
                    _remove_part(part)
                    raise InputError(f"{file.url}: sends more than the {expected:,} bytes that it should have")
    if expected is not None and count_bytes(part) < expected:
        raise requests.ConnectionError(f"the connection ended after {count_bytes(part):,} of {expected:,} bytes")


def _request_file(url: str, received: int, version: str) -> requests.Response:
    """Request a file, without the bytes already received if it still has that version."""
    # The length of a compressed response would not be the file's.
    headers = {"Accept-Encoding": "identity"}
    if received:
        headers |= {"Range": f"bytes={received}-", "If-Range": version}
    return requests.get(url, headers=headers, stream=True, timeout=TIMEOUT_SECONDS)


def _expect_size(file: RemoteFile, received: int, length: str | None) -> int | None:
    """Return the size of the complete file in bytes: the published one, or else the one that the server announces."""
    total = None if length is None else received + int(length)
    if file.size_bytes is None:
        return total
    if total not in (None, file.size_bytes):
        raise InputError(f"{file.url}: has {total:,} bytes, but {file.size_bytes:,} are published")
    return file.size_bytes


def check_digest(path: Path, digest: Digest, url: str) -> None:
    """Remove a file that does not have the published checksum, and raise InputError."""
    with path.open("rb") as file:
        actual = hashlib.file_digest(file, digest.algorithm).hexdigest()
    if actual != digest.digits:
        _remove_part(path)
        raise InputError(
            f"{url}: has the {digest.algorithm} {actual}, but {digest.digits} is published; it was removed"
        )


def _remove_part(part: Path) -> None:
    part.unlink()
    _origin_path(part).unlink(missing_ok=True)


def _origin_path(part: Path) -> Path:
    """Return the path of the file that stores a part's address and version (ETag or date)."""
    return part.with_name(f"{part.name}.from")
