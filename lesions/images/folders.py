"""Walking a dataset's folder: every image file in it is found once, through links too."""

import os
import stat
from collections.abc import Iterator
from heapq import heappop, heappush
from pathlib import Path
from typing import NamedTuple

from lesions.errors import InputError
from lesions.images.kinds import ALL_SUFFIXES, OTHER_SUFFIXES, explain_file, is_archive_name
from lesions.images.members import Place

PROGRAM_FOLDERS = frozenset(
    {"@eadir", "@recycle", "#recycle", "#snapshot", "$recycle.bin", "recycler", "system volume information"}
    | {"__macosx", "lost+found"}
)
"""Folders that network storage and operating systems keep for themselves, in lower case."""

FOLDER = "a folder"
HIDDEN = "its name, or a folder's, begins with a dot"
READ_ALREADY = "a link to a folder that is read already"
UNREADABLE = "a folder of the system that cannot be read"


class FoundFile(NamedTuple):
    """A file that is an image by its name, in a folder or in an archive, or a folder that was not entered.

    Attributes
    ----------
    file
        The path relative to the dataset's root, with forward slashes; of a member of an archive, the path of the
        archive and its name in it.
    error
        Why it cannot be read, as far as is known without reading it; None if nothing is known against it.
    passed_over
        Why nobody would want it to be read; None for all others.
    place
        Where it is in an archive; None for a file of its own.
    """

    file: str
    error: str | None = None
    passed_over: str | None = None
    place: Place | None = None

    @property
    def is_readable(self) -> bool:
        """Whether the file will be read."""
        return self.error is None and self.passed_over is None


class FolderWalk:
    """A walk through a folder.

    A folder that several paths lead to is entered once: by its own path if that is below the start, else by the first
    link to it. So a link that leads back up ends there.

    Parameters
    ----------
    root
        The folder to which paths are relative.
    folder
        The folder below it, or `.`, in which the walk begins.
    named_by
        The parameter or option that named the folder, for messages.

    Attributes
    ----------
    linked
        The links to folders that were followed so far.
    archives
        The archives by their names that were found so far and are not hidden; none is opened.
    irregular
        What DVC cannot hash, image or not, each with what it is; DVC does not look behind links to folders.
    """

    def __init__(self, root: Path, folder: str, *, named_by: str = "dataset.root") -> None:
        self.linked: list[str] = []
        self.archives: list[str] = []
        self.irregular: dict[str, str] = {}
        self._root = root
        self._named_by = named_by
        self._waiting = ["" if folder == "." else folder]
        self._links: list[str] = []
        self._entered: set[tuple[int, int]] = set()

    def find_images(self) -> Iterator[FoundFile]:
        """Yield every image file, in no particular order.

        Raises
        ------
        InputError
            If the folder is not there, or if one in it cannot be read.
        """
        if not Path(start := self._spell(self._waiting[0])).is_dir():
            raise InputError(f"{self._named_by}: there is no folder {start}")
        while self._waiting or self._links:
            inside = self._waiting.pop() if self._waiting else self._follow_link()
            try:
                status = os.stat(self._spell(inside))  # noqa: PTH116, as in count_bytes
                if (status.st_dev, status.st_ino) in self._entered:
                    yield FoundFile(inside, passed_over=READ_ALREADY)
                    continue
                self._entered.add((status.st_dev, status.st_ino))
                with os.scandir(self._spell(inside)) as entries:
                    yield from self._read_entries(inside, entries)
            except OSError as error:
                if not is_kept_by_program(inside):
                    reason = f"the folder {self._spell(inside)} cannot be read: {error.strerror}"
                    raise InputError(f"{self._named_by}: {reason}") from error
                yield FoundFile(inside, passed_over=UNREADABLE)

    def _follow_link(self) -> str:
        self.linked.append(heappop(self._links))
        return self.linked[-1]

    def _read_entries(self, inside: str, entries: Iterator[os.DirEntry[str]]) -> Iterator[FoundFile]:
        for entry in entries:
            path = f"{inside}/{entry.name}" if inside else entry.name
            kind = _explain_irregular(entry)
            if kind == FOLDER:
                if not entry.is_symlink():
                    self._waiting.append(path)
                elif not is_hidden(path):
                    heappush(self._links, path)
                continue
            if kind is not None and not any(path.startswith(f"{link}/") for link in self.linked):
                self.irregular[path] = kind
            if is_image_name(entry.name):
                yield _describe(entry, path, kind)
            elif is_archive_name(entry.name):
                if kind is None and not is_hidden(path):
                    self.archives.append(path)
                else:
                    yield FoundFile(path, error=kind, passed_over=HIDDEN if is_hidden(path) else None)

    def _spell(self, inside: str) -> str:
        return f"{self._root}/{inside}" if inside else str(self._root)


def is_image_name(name: str) -> bool:
    """Return whether a file is an image by its name, of a format that is read or of another."""
    return name.rstrip().lower().endswith(ALL_SUFFIXES)


def is_kept_by_program(path: str) -> bool:
    """Return whether a part of a path is a name that programs keep for themselves."""
    return is_hidden(path) or any(part.casefold() in PROGRAM_FOLDERS for part in path.split("/"))


def is_hidden(path: str) -> bool:
    """Return whether a part of a path begins with a dot."""
    return path.startswith(".") or "/." in path


def _explain_irregular(entry: os.DirEntry[str]) -> str | None:
    """Return what an entry is if it is no file; only links and what is irregular cost a call of the system."""
    try:
        if entry.is_file():
            return None
        if entry.is_dir():
            return FOLDER
        mode = os.stat(entry.path).st_mode  # noqa: PTH116, as above
    except FileNotFoundError:
        return "a link to a file that is not there"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return f"{'a FIFO' if stat.S_ISFIFO(mode) else 'a socket' if stat.S_ISSOCK(mode) else 'a device'}, not a file"


def _describe(entry: os.DirEntry[str], path: str, irregular: str | None) -> FoundFile:
    if is_hidden(path):
        return FoundFile(path, passed_over=HIDDEN)
    suffix = os.path.splitext(entry.name.rstrip().lower())[1]  # noqa: PTH122, as in read_image_file
    if irregular is None and suffix in OTHER_SUFFIXES:
        # A file with the suffix of a format that is not read may hold another format.
        return FoundFile(path, error=explain_file(entry.path, OTHER_SUFFIXES[suffix]))
    return FoundFile(path, error=irregular)
