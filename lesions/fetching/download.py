"""Downloading one file: a connection that drops costs nothing that was sent, and nothing half is taken for whole."""

import hashlib
import time
from pathlib import Path

import requests
from rich.progress import Progress, TaskID

from lesions.errors import InputError
from lesions.fetching.catalogue import TIMEOUT_SECONDS, Digest, RemoteFile
from lesions.hardware.disk import check_room, count_bytes

CHUNK_BYTES = 1 << 16
"""Read at once; what of one has come when a connection drops is lost."""

MAX_TRIES = 5
"""That bring nothing, one after the other."""

WAIT_SECONDS = 1.0
"""Before the second try; each further wait is twice as long."""


def download(file: RemoteFile, folder: Path, progress: Progress) -> Path:
    """Download a file into a folder, or go on with one that was begun; what has come whole is not asked for again.

    What has come stands in `<name>.part` beside it, which gets its name once it is whole.

    Raises
    ------
    InputError
        If the server has no such file, sends more or less than it says or than is published, sends something else
        than what the checksum is of, or cannot be reached in `MAX_TRIES`; if the disk has no room for it.
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
            _receive(file, part, progress, task)
            break
        except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
            tries = 1 if count_bytes(part) > before else tries + 1
            if tries == MAX_TRIES:
                raise InputError(
                    f"{file.url}: no answer in {MAX_TRIES} tries ({error}); {count_bytes(part):,} bytes are in "
                    f"{part}, and the same command goes on from there"
                ) from error
            time.sleep(WAIT_SECONDS * 2 ** (tries - 1))
        except requests.RequestException as error:
            raise InputError(f"{file.url}: {error}") from error
    if file.digest is not None:
        check_digest(part, file.digest, file.url)
    part.replace(path)
    _origin(part).unlink(missing_ok=True)
    return path


def _receive(file: RemoteFile, part: Path, progress: Progress, task: TaskID) -> None:
    """Append to a part what is missing of its file."""
    url, _, version = _origin(part).read_text().partition("\n") if _origin(part).exists() else ("", "", "")
    # What was begun elsewhere, or cannot be told from another version of the file, is not gone on with.
    begun = count_bytes(part) if url == file.url and version else 0
    answer = _ask(file.url, begun, version)
    if answer.status_code == requests.codes.requested_range_not_satisfiable:
        if answer.headers.get("Content-Range") == f"bytes */{begun}":
            # All of it had come when the program was killed.
            _expect(file, begun, "0")
            return
        # What is there is not the beginning of this file.
        begun, answer = 0, _ask(file.url, 0, "")
    with answer:
        if answer.status_code >= 500:
            raise requests.ConnectionError(f"{answer.status_code} {answer.reason}")
        if not answer.ok:
            raise InputError(f"{file.url}: {answer.status_code} {answer.reason}; is the file still there?")
        if answer.status_code != requests.codes.partial_content:
            begun = 0
        _origin(part).write_text(
            f"{file.url}\n{answer.headers.get('ETag') or answer.headers.get('Last-Modified') or ''}"
        )
        expected = _expect(file, begun, answer.headers.get("Content-Length"))
        check_room(part.parent, 0 if expected is None else expected - begun, file.name)
        progress.update(task, total=expected, completed=begun)
        with part.open("ab" if begun else "wb") as written:
            for chunk in answer.iter_content(CHUNK_BYTES):
                written.write(chunk)
                progress.advance(task, len(chunk))
                if expected is not None and written.tell() > expected:
                    _discard(part)
                    raise InputError(f"{file.url}: sends more than the {expected:,} bytes that it should have")
    if expected is not None and count_bytes(part) < expected:
        raise requests.ConnectionError(f"the connection ended after {count_bytes(part):,} of {expected:,} bytes")


def _ask(url: str, begun: int, version: str) -> requests.Response:
    """Ask for a file, from some byte on if it is still of that version; compressed, its length would say nothing."""
    headers = {"Accept-Encoding": "identity"}
    if begun:
        headers |= {"Range": f"bytes={begun}-", "If-Range": version}
    return requests.get(url, headers=headers, stream=True, timeout=TIMEOUT_SECONDS)


def _expect(file: RemoteFile, begun: int, length: str | None) -> int | None:
    """Return how many bytes the whole file should have, by what is published, else by what the server says."""
    total = None if length is None else begun + int(length)
    if file.size_bytes is None:
        return total
    if total not in (None, file.size_bytes):
        raise InputError(f"{file.url}: has {total:,} bytes, and {file.size_bytes:,} are published")
    return file.size_bytes


def check_digest(path: Path, digest: Digest, url: str) -> None:
    """Remove a file that is not the one published, and raise InputError."""
    with path.open("rb") as file:
        found = hashlib.file_digest(file, digest.algorithm).hexdigest()
    if found != digest.digits:
        _discard(path)
        raise InputError(
            f"{url}: has the {digest.algorithm} {found}, and {digest.digits} is published; it was removed"
        )


def _discard(part: Path) -> None:
    part.unlink()
    _origin(part).unlink(missing_ok=True)


def _origin(part: Path) -> Path:
    """Return the file that says where a part is from, and of which version of the file there (ETag or date)."""
    return part.with_name(f"{part.name}.from")
