"""The sizes of image files, and a hash of all that decides what becomes of them."""

import json
import os
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from lesions.formats.json_file import read_json
from lesions.hardware.processors import name_processor
from lesions.images.decode import DecodingParameters
from lesions.images.folders import FoundFile


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
