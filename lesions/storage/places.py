"""A place where DVC keeps objects, the cache or a remote of any kind: which are there, and what they contain."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Any, TypeVar

from dvc_data.hashfile.db import HashFileDB
from dvc_objects.fs.base import ObjectFileSystem

CHUNK_BYTES = 8_000_000
"""Bytes that are held at a time of each object that is read."""

MAX_JOBS = 16
"""Number of requests at a time, unless the remote's setting `jobs` is lower."""

Key = TypeVar("Key")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Entry:
    """An object that is there.

    Attributes
    ----------
    size
        Its bytes; None if the server does not say.
    version
        What changes when it is written anew: its ETag or the time of its last change.
    """

    size: int | None
    version: str


@dataclass(frozen=True)
class Place:
    """The cache or a remote.

    Attributes
    ----------
    name
        `cache`, or the name of the remote.
    database
        DVC's own view of it, which knows paths, file system and credentials.
    """

    name: str
    database: HashFileDB

    @property
    def address(self) -> str:
        """Where it is: a folder or an URL."""
        return self.locate("")

    def locate(self, name: str) -> str:
        """Return the path or URL of an object."""
        path = self.database.oid_to_path(name) if name else self.database.path
        is_local = self.database.fs.protocol == "local"
        return path if is_local else self.database.fs.unstrip_protocol(path)

    def list_entries(self, names: Iterable[str]) -> dict[str, Entry]:
        """Return those of some objects that are there.

        Their folders are listed, each in one request per thousand objects; a server that lists nothing, such as one
        of HTTP, is asked for each object.
        """
        wanted = {*names}
        if not self.database.fs.CAN_TRAVERSE:
            asked = self.run(wanted, self._find_entry)
            return {name: entry for name, entry in asked if entry is not None}
        listed = self.run({name[:2] for name in wanted}, self._list_folder)
        return {name: entry for _, entries in listed for name, entry in entries.items() if name in wanted}

    def find_size(self, name: str) -> int | None:
        """Return the bytes of an object; None if it is not there."""
        entry = self._find_entry(name)
        return None if entry is None else entry.size

    def read_chunks(self, name: str, size: int) -> Iterator[bytes]:
        """Yield the content of an object of a known size, at most `CHUNK_BYTES` at a time."""
        path, fs = self.database.oid_to_path(name), self.database.fs.fs
        if isinstance(self.database.fs, ObjectFileSystem):
            # Opening a file of these would ask for its size once more, and read ahead 50 MB in each thread.
            for start in range(0, size, CHUNK_BYTES):
                yield fs.cat_file(path, start=start, end=min(size, start + CHUNK_BYTES))
        else:
            with fs.open(path, "rb") as file:
                while chunk := file.read(CHUNK_BYTES):
                    yield chunk

    def hash_object(self, name: str, size: int) -> str:
        """Return the MD5 of an object's content, as it is read now."""
        digest = hashlib.md5(usedforsecurity=False)
        for chunk in self.read_chunks(name, size):
            digest.update(chunk)
        return digest.hexdigest()

    def run(self, keys: Iterable[Key], function: Callable[[Key], Result]) -> Iterator[tuple[Key, Result]]:
        """Yield each key with what a function returns for it, as they are done, several at a time.

        The first error ends it: what has not begun is not begun any more.
        """
        pool = ThreadPoolExecutor(min(MAX_JOBS, self.database.fs.jobs))
        try:
            futures: dict[Future[Result], Key] = {pool.submit(function, key): key for key in keys}
            for future in as_completed(futures):
                yield futures[future], future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _list_folder(self, prefix: str) -> dict[str, Entry]:
        folder = self.database.fs.join(self.database.path, prefix)
        try:
            listed: Iterable[Mapping[str, Any]] = self.database.fs.fs.ls(folder, detail=True)
        except FileNotFoundError:
            return {}
        files = (info for info in listed if info["type"] == "file")
        return {prefix + self.database.fs.name(info["name"]): _read_entry(info) for info in files}

    def _find_entry(self, name: str) -> Entry | None:
        try:
            return _read_entry(self.database.fs.fs.info(self.database.oid_to_path(name)))
        except FileNotFoundError:
            return None


def _read_entry(info: Mapping[str, Any]) -> Entry:
    versions = (info.get(key) for key in ("ETag", "etag", "mtime", "LastModified", "updated", "last_modified"))
    return Entry(info.get("size"), str(next(filter(None, versions), "")))
