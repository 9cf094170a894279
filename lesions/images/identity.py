"""The sizes of image files, whether they are still the same, and a hash of all that decides what becomes of them."""

import json
import os
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from lesions.errors import InputError
from lesions.formats.json_file import read_json
from lesions.hardware.processors import name_processor
from lesions.images.decode import DecodingParameters
from lesions.images.folders import FolderWalk, FoundFile


class FileSize(NamedTuple):
    """The size of a file, and when it, or the archive that it is in, was last changed."""

    num_bytes: int
    changed_ns: int


def measure_files(root: Path, files: Sequence[FoundFile]) -> list[FileSize]:
    """Return the sizes of files; of a file that cannot be read, 0."""
    archives: dict[str, FileSize] = {}
    sizes = []
    for one in files:
        if one.place is None:
            sizes.append(_measure(f"{root}/{one.file}"))
            continue
        if one.place.archive not in archives:
            archives[one.place.archive] = _measure(f"{root}/{one.place.archive}")
        sizes.append(archives[one.place.archive]._replace(num_bytes=one.place.num_bytes))
    return sizes


def measure_sources(root: Path, folders: Sequence[str]) -> dict[str, FileSize]:
    """Return the sizes of the image files and the archives below some folders of `root`, by their paths.

    Raises
    ------
    InputError
        If a folder is not there or cannot be read.
    """
    sizes: dict[str, FileSize] = {}
    for folder in folders:
        walk = FolderWalk(root, folder)
        images = [one.file for one in walk.find_images() if one.is_readable]
        sizes |= {path: _measure(f"{root}/{path}") for path in [*images, *walk.archives]}
    return sizes


def check_sources_unchanged(before: Mapping[str, FileSize], root: Path, folders: Sequence[str]) -> None:
    """Raise InputError if a file has come, gone or changed since `measure_sources` returned `before`.

    DVC hashes the folder only after the stage, and would take what was decoded for what is in the folder then.
    """
    now = measure_sources(root, folders)
    changed = sorted(path for path in {*before, *now} if before.get(path) != now.get(path))
    if not changed:
        return
    first = changed[0]
    what = "came" if first not in before else "went" if first not in now else "changed"
    others = f", and so did others ({len(changed) - 1})" if len(changed) > 1 else ""
    raise InputError(
        f"{root / first}: {what} while the images were decoded{others}; run `dvc repro` again once nothing writes "
        "into the folder"
    )


def _measure(path: str) -> FileSize:
    try:
        status = os.stat(path)  # noqa: PTH116, as in count_bytes
    except OSError:
        return FileSize(0, 0)
    return FileSize(status.st_size, status.st_mtime_ns)


def identify_decoding(
    code: Path,
    parameters: DecodingParameters,
    files: Sequence[FoundFile],
    sizes: Sequence[FileSize],
    *,
    address: str | None,
) -> str:
    """Return a hash of all that decides what is written, and where: code, parameters, files, processor, shards."""
    decided = [read_json(code), parameters.model_dump(), name_processor(), address]
    digest = sha256(json.dumps(decided, sort_keys=True).encode())
    for one, size in zip(files, sizes, strict=True):
        digest.update(f"{one.file}\0{tuple(size)}{one.place and tuple(one.place)}".encode(errors="surrogateescape"))
    return digest.hexdigest()
