"""Listing and reading the encoded images in an HDF5 file, such as that of SLICE-3D: one dataset per image.

Nothing leads out of the file: links to others and datasets whose values lie in other files are refused before they
are opened. The library is called in one thread only.
"""

import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from math import prod
from typing import Any

import h5py
import numpy as np
from h5py import h5d, h5f, h5g, h5l, h5o, h5s, h5t, h5z

from lesions.errors import InputError
from lesions.images.members import MAX_MEMBERS, SMALL_BYTES, Member, Members, Place, explain_size

BUILT_IN = frozenset({h5z.FILTER_DEFLATE, h5z.FILTER_SHUFFLE, h5z.FILTER_FLETCHER32, h5z.FILTER_LZF})
"""The filters that are a part of the library; others would be looked for on the machine, and loaded."""

PACKING = (h5z.FILTER_DEFLATE, h5z.FILTER_LZF)
"""Those of them that pack."""

CHECKSUM_BYTES = 4
"""What the filter Fletcher-32 adds to a chunk."""

LINKS = {h5l.TYPE_SOFT: "a soft link", h5l.TYPE_EXTERNAL: "a link to another file"}

BROKEN = (OSError, ValueError, KeyError, RuntimeError, TypeError, MemoryError)
"""The exceptions that the library raises for a broken file."""


@contextmanager
def _open(path: str) -> Iterator[h5f.FileID]:
    with h5py.File(path, "r", locking=False) as file:
        yield file.id


def list_hdf5_members(path: str, archive: str) -> Members:
    """Yield the datasets in an HDF5 file, in the order of their names.

    Raises
    ------
    InputError
        If it is broken or has too many datasets.
    """
    try:
        with _open(path) as file:
            for name, kind in _list_links(file):
                text = name.decode("utf-8", "surrogateescape")
                if kind != h5l.TYPE_HARD:
                    yield Member(text, error=f"is {LINKS.get(kind, 'a link')} in an HDF5 file, which is not followed")
                elif (opened := h5o.open(file, name)) and isinstance(opened, h5d.DatasetID):
                    error = _explain(opened)
                    place = None if error else Place(archive, 0, _count_bytes(opened))
                    yield Member(text, place, error)
    except BROKEN as error:
        raise InputError(f"an HDF5 file that cannot be read to its end: {error}") from error


def _list_links(file: h5f.FileID) -> list[tuple[bytes, int]]:
    """Return all links below a file's root with their kinds; only those within the file are followed, each once."""
    found: list[tuple[bytes, int]] = []

    def add(name: bytes, about: Any) -> bool | None:
        found.append((name, about.type))
        return True if len(found) > MAX_MEMBERS else None

    root = h5g.open(file, b"/")  # its links do not keep it open
    root.links.visit(add, info=True)
    if len(found) > MAX_MEMBERS:
        raise ValueError(f"it has more than {MAX_MEMBERS:,} datasets and groups")
    return found


def _explain(opened: h5d.DatasetID) -> str | None:
    """Return why a dataset cannot be read as one encoded image, without reading it; None if it can."""
    about = opened.get_create_plist()
    if about.get_layout() == h5d.VIRTUAL or about.get_external_count():
        return "is a dataset whose values lie in another file, which is not opened"
    if error := _explain_type(opened):
        return error
    filters = _list_filters(opened)
    if unknown := {*filters} - BUILT_IN:
        return f"is packed by a filter that is not read: {min(unknown)}"
    if sum(map(filters.count, PACKING)) > 1:
        return "is packed more than once"
    num_bytes, stored = _count_bytes(opened), opened.get_storage_size()
    if about.get_layout() == h5d.CHUNKED:
        # A chunk is unpacked whole, however little of it the dataset uses.
        num_bytes = max(num_bytes, prod(about.get_chunk()) * opened.get_type().get_size())
    return explain_size(num_bytes, stored)


def _list_filters(opened: h5d.DatasetID) -> list[int]:
    about = opened.get_create_plist()
    return [about.get_filter(number)[0] for number in range(about.get_nfilters())]


def _explain_chunks(opened: h5d.DatasetID) -> str | None:
    """Return why the chunks of a dataset are not unpacked; None if each unpacks to no more than it has room for.

    The library itself unpacks a chunk to its end, whatever its size is said to be. What LZF packs unpacks to 88 times
    as much at most.
    """
    about = opened.get_create_plist()
    if about.get_layout() != h5d.CHUNKED:
        return None
    room = prod(about.get_chunk()) * opened.get_type().get_size() + CHECKSUM_BYTES
    is_deflated = h5z.FILTER_DEFLATE in _list_filters(opened)
    chunks: list[Any] = []
    opened.chunk_iter(chunks.append)
    for chunk in chunks:
        if chunk.size > 2 * room + SMALL_BYTES:
            return f"has a chunk of {chunk.size:,} bytes in the file, for {room:,} unpacked"
        if is_deflated:
            _, packed = opened.read_direct_chunk(chunk.chunk_offset)
            with suppress(zlib.error):  # the library says it
                if len(zlib.decompressobj().decompress(packed, room + 1)) > room:
                    return f"has a chunk that unpacks to more than the {room:,} bytes for which it has room"
    return None


def _explain_type(opened: h5d.DatasetID) -> str | None:
    """Return why a dataset is not one series of bytes; None if it is."""
    kind, shape = opened.get_type(), opened.shape
    if shape is None:
        return "is an empty dataset"
    is_byte = isinstance(kind, h5t.TypeIntegerID) and kind.get_size() == 1
    is_bytes = isinstance(kind, h5t.TypeOpaqueID | h5t.TypeStringID) or (
        isinstance(kind, h5t.TypeVlenID) and kind.get_super().get_size() == 1
    )
    if (is_bytes and shape in ((), (1,))) or (is_byte and len(shape) == 1):
        return None
    size = " × ".join(map(str, shape)) or "one"
    return f"is an array of numbers ({opened.dtype}, {size}), not the bytes of an image; save it as JPEG or PNG"


def _count_bytes(opened: h5d.DatasetID) -> int:
    """Return the size of a dataset in memory; of variable length, only that of the reference to it."""
    return prod(opened.shape) * opened.get_type().get_size()


def stream_hdf5_members(path: str, names: Iterable[str]) -> Iterator[bytes | InputError]:
    """Yield the encoded images of some datasets, each opened when it is asked for; InputError where one is broken."""
    waiting = iter(names)
    try:
        with _open(path) as file:
            for name in waiting:
                yield _read_member(file, name)
    except OSError as error:
        yield from (InputError(f"broken: {error}") for _ in waiting)


def _read_member(file: h5f.FileID, name: str) -> bytes | InputError:
    try:
        opened = h5o.open(file, name.encode("utf-8", "surrogateescape"))
        # Asked again, for the file may have changed.
        if problem := _explain(opened) or _explain_chunks(opened):
            return InputError(problem)
        values = np.empty(opened.shape, opened.dtype)
        opened.read(h5s.ALL, h5s.ALL, values)
        data = values.item(0) if values.dtype.hasobject else values
        contents = data if isinstance(data, bytes) else np.asarray(data).tobytes()
    except BROKEN as error:
        return InputError(f"broken: {error}")
    problem = explain_size(len(contents), len(contents))
    return InputError(problem) if problem else contents
