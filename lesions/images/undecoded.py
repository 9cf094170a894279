"""What can be known of a dataset's image files before they are decoded."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from typing import Any

from lesions.errors import InputError
from lesions.formats.sha256 import hash_file
from lesions.hardware.disk import count_bytes
from lesions.images.files import ImageFiles, describe_unread, image_name
from lesions.images.folders import FoundFile
from lesions.images.kinds import HEAD_BYTES, explain_head
from lesions.images.reading import find_stream, read_image_file, stream_image_files


def describe_undecoded(root: Path, files: ImageFiles) -> list[dict[str, Any]]:
    """Return the rows of the index as if every file that begins as an image could be decoded.

    Few files are hashed: those of the same name and size, which may be the same image twice, and refused ones.
    """
    to_read = files.to_read
    rows: list[dict[str, Any]] = []
    for number, error, digest in _look_at_files(root, to_read, _find_repeated(root, to_read)):
        known = {"error": error} if error else {"row": number}
        rows.append({"file": to_read[number].file, "sha256": digest} | known)
    return rows + list(describe_unread(files.found))


def _find_repeated(root: Path, files: Sequence[FoundFile]) -> set[int]:
    """Return the numbers of the files that have the name and the size of another."""
    by_name: dict[str, list[int]] = defaultdict(list)
    for number, one in enumerate(files):
        by_name[image_name(one.file)].append(number)
    alike: dict[tuple[str, int], list[int]] = defaultdict(list)
    for name, same in by_name.items():
        for number in same if len(same) > 1 else []:
            place = files[number].place
            alike[name, place.num_bytes if place else count_bytes(root / files[number].file)].append(number)
    return {number for same in alike.values() if len(same) > 1 for number in same}


def _look_at_files(
    root: Path, files: Sequence[FoundFile], to_hash: set[int]
) -> Iterator[tuple[int, str | None, str | None]]:
    """Yield each file's number, why it is no image by its beginning, and, if refused or to be hashed, its sha256."""
    for archive, group in groupby(enumerate(files), key=lambda numbered: find_stream(numbered[1])):
        numbers, members = zip(*group, strict=True)
        if archive is None:
            for number, one in zip(numbers, members, strict=True):
                yield number, *_look_at_file(root, one, is_to_hash=number in to_hash)
            continue
        for index, contents in stream_image_files(root, members):
            if isinstance(contents, InputError):
                yield numbers[index], str(contents), None
                continue
            error = explain_head(contents[:HEAD_BYTES])
            is_hashed = error or numbers[index] in to_hash
            yield numbers[index], error, _hash(contents) if is_hashed else None


def _look_at_file(root: Path, one: FoundFile, *, is_to_hash: bool) -> tuple[str | None, str | None]:
    error = None
    try:
        error = explain_head(read_image_file(root, one, HEAD_BYTES))
        if error is None and not is_to_hash:
            return None, None
        return error, hash_file(root / one.file) if one.place is None else _hash(read_image_file(root, one))
    except OSError as problem:
        return f"cannot be read: {problem.strerror}", None
    except InputError as problem:
        return error or str(problem), None


def _hash(data: bytes) -> str:
    return sha256(data).hexdigest()
