"""What `dvc.lock` and the .dvc files record: objects, the files that they hold, and the folders that list them."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from dvc.repo import Repo

from lesions.errors import InputError, quote_value
from lesions.formats.printable import make_printable
from lesions.storage.places import Place

FOLDER = ".dir"
"""How the name of an object ends that is the list of a folder's files."""

NAME = re.compile(r"[0-9a-f]{32}(\.dir)?")
"""What DVC calls an object: the MD5 of its content."""

MAX_LIST_BYTES = 256_000_000
"""A folder's list of this size names about three million files; a larger one is not read into memory."""

LEGACY = "md5-dos2unix"
"""What DVC calls the hashes that its version 2 recorded."""


@dataclass(frozen=True)
class File:
    """A file or folder that an object holds.

    Attributes
    ----------
    stage
        The stage that writes it, or the .dvc file that names it.
    path
        Its path in the project.
    """

    stage: str
    path: str


@dataclass
class StoredObject:
    """An object that the lock needs.

    Attributes
    ----------
    name
        What DVC calls it.
    files
        The files that it holds: the same content may be in several places.
    size
        Its bytes; None where nothing records them.
    """

    name: str
    files: list[File] = field(default_factory=list)
    size: int | None = None


@dataclass(frozen=True)
class Folder:
    """A folder's list of files.

    Attributes
    ----------
    name
        The object that holds the list.
    members
        The object of each file of the folder; the same one may be there several times.
    size
        The bytes of all files together; None if they are not recorded.
    """

    name: str
    members: tuple[str, ...]
    size: int | None


@dataclass
class Recorded:
    """Everything that is recorded.

    Attributes
    ----------
    objects
        By their names.
    folders
        Those whose list could be read.
    notes
        What else to know, in words.
    problems
        What cannot be told, in words.
    """

    objects: dict[str, StoredObject] = field(default_factory=dict)
    folders: list[Folder] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def add_output(self, name: str, file: File, size: int | None, *, places: Iterable[Place]) -> None:
        """Add what a stage wrote.

        Parameters
        ----------
        name
            The object that holds it.
        file
            The file or folder.
        size
            Its bytes; of a folder, those of all its files.
        places
            Where a folder's list of files is looked for, in this order.

        Raises
        ------
        InputError
            If DVC gives no object such a name.
        """
        _check_name(name, file)
        self._add(name, file, None if name.endswith(FOLDER) else size)
        if not name.endswith(FOLDER):
            return
        content = next(filter(None, (_read_list(place, name) for place in places)), None)
        if content is None:
            self.problems.append(
                f"{file.stage}: which files are in {file.path} cannot be told, because its list {name} is whole "
                "neither in the cache nor on the remote"
            )
            return
        self.objects[name].size = len(content)
        members = _parse_list(content, file)
        for path, member in members:
            self._add(member, File(file.stage, f"{file.path}/{path}"), None)
        self.folders.append(Folder(name, tuple(member for _, member in members), size))

    def _add(self, name: str, file: File, size: int | None) -> None:
        stored = self.objects.setdefault(name, StoredObject(name))
        stored.files.append(file)
        stored.size = size if stored.size is None else stored.size


def read_recorded(repo: Repo, places: Iterable[Place], remote: str) -> Recorded:
    """Return what the project's files record as stored on a remote.

    Parameters
    ----------
    repo
        The project.
    places
        Where a folder's list is looked for, in this order.
    remote
        The name of the remote.

    Raises
    ------
    InputError
        If a file records an object by a name that DVC does not give.
    """
    recorded = Recorded()
    places = [*places]
    for out in sorted(_list_outputs(repo), key=lambda out: (out.stage.addressing, str(out))):
        file = File(str(out.stage.addressing), str(out))
        if reason := _explain_exclusion(out, remote):
            recorded.notes.append(f"{file.stage}: {file.path} is not looked for, because {reason}")
        elif not out.hash_info:
            recorded.notes.append(f"{file.stage}: {file.path} is recorded nowhere; `dvc repro` makes and records it")
        elif out.hash_name == LEGACY:
            recorded.problems.append(
                f"{file.stage}: {file.path} was recorded by DVC 2, whose hashes are not compared; "
                f"`dvc commit --force {file.stage}` records it anew"
            )
        else:
            size = out.meta.size if out.meta else None
            recorded.add_output(str(out.hash_info.value), file, size, places=places)
    return recorded


def _list_outputs(repo: Repo) -> Iterator[Any]:
    """Yield the outputs that DVC caches."""
    yield from (out for out in repo.index.outs if out.use_cache)


def _explain_exclusion(out: Any, remote: str) -> str | None:
    """Return why an output is not on the remote, or None if it should be."""
    if not out.can_push:
        return "it is imported from elsewhere, or marked `push: false`"
    if out.remote and out.remote != remote:
        return f"it belongs on the remote {out.remote}: `lesions storage --remote {out.remote}`"
    return None


def _check_name(name: str, file: File) -> str:
    if not NAME.fullmatch(name):
        raise InputError(
            f"{file.stage}: {file.path} is recorded as {quote_value(name)}, which is no name that DVC gives an object"
        )
    return name


def _read_list(place: Place, name: str) -> bytes | None:
    """Return the content of a folder's list; None if it is not there, or is not what its name says."""
    size = place.find_size(name)
    if size is None or size > MAX_LIST_BYTES:
        return None
    content = b"".join(place.read_chunks(name, size))
    whole = hashlib.md5(content, usedforsecurity=False).hexdigest() == name.removesuffix(FOLDER)
    return content if whole else None


def _parse_list(content: bytes, file: File) -> list[tuple[str, str]]:
    """Return the path and the object of each file in a folder."""
    try:
        rows = [(str(entry["relpath"]), str(entry["md5"])) for entry in json.loads(content)]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise InputError(f"{file.stage}: the list of files in {file.path} is not what DVC writes: {error}") from error
    return [(make_printable(path), _check_name(member, file)) for path, member in rows]
