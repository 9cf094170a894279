"""Where `cache_images` writes: into a state that outlives a kill, from which the same run resumes."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout

from lesions.formats.atomic import atomic_path
from lesions.images.cache import CacheWriter, image_row, read_cache, write_cache
from lesions.images.journal import Journal
from lesions.images.shard_store import ShardStore
from lesions.images.shards import INDEX_ROW, ShardWriter
from lesions.stage.resuming import find_resume_folder, hold_lock

FOLDER = "cache_images"
"""The folder of the states, below `.resume/`."""


@dataclass(frozen=True)
class DecodingState:
    """The images and the rows of the files that are decoded so far."""

    cache: CacheWriter | ShardWriter
    journal: Journal


@contextmanager
def open_state(
    images: Path, key: str | None, *, num_files: int, size_px: int, store: ShardStore | None = None
) -> Iterator[DecodingState]:
    """Yield the state of a run; when the block ends without an error, its images are in `images`, and it is gone.

    Parameters
    ----------
    images
        The array that appears at the end.
    key
        A hash of all that decides what is written: a state with another key is removed. None keeps no state.
    num_files
        The number of files that are read; as many images have room.
    size_px
        The side of the images.
    store
        Where the images are written in shards; `images` is then their index. None: they are in `images`.
    """
    row = image_row(size_px) if store is None else INDEX_ROW
    if key is None:
        with (
            write_cache(images, num_files, row) as cache,
            tempfile.TemporaryFile(dir=images.parent, buffering=0) as rows,
        ):
            yield DecodingState(_write_to(store, cache), Journal(rows, num_files))
        return
    state = find_resume_folder() / FOLDER / key[:16]
    lock = state.with_suffix(".lock")
    with atomic_path(images) as temporary, hold_lock(lock, doing="decoding the same images"):
        _remove_others(state)
        with _resume(state, num_files, row) as (cache, journal):
            yield DecodingState(_write_to(store, cache), journal)
        shutil.move(state.with_suffix(".npy"), temporary)
        # A process that waits for the lock then takes a new one.
        for path in (state.with_suffix(".rows"), lock):
            path.unlink()


def _write_to(store: ShardStore | None, cache: CacheWriter) -> CacheWriter | ShardWriter:
    return cache if store is None else ShardWriter(store, cache)


@contextmanager
def _resume(state: Path, num_files: int, row: np.dtype[Any]) -> Iterator[tuple[CacheWriter, Journal]]:
    """Yield what is left of an earlier run."""
    kept, rows = state.with_suffix(".npy"), state.with_suffix(".rows")
    if not kept.exists():
        rows.unlink(missing_ok=True)
    cache = CacheWriter(kept, num_files, row)
    with rows.open("a+b", buffering=0) as file:
        journal = Journal(file, num_files)
        if journal.is_done.any():
            journal.forget_lost(read_cache(kept))
        yield cache, journal


def _remove_others(state: Path) -> None:
    """Remove the states of other runs, but of those in progress."""
    for lock in state.parent.glob("*.lock"):
        if lock.stem != state.name:
            with suppress(Timeout), FileLock(lock, blocking=False):
                for suffix in (".npy", ".rows", ".lock"):
                    lock.with_suffix(suffix).unlink(missing_ok=True)
