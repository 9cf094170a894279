"""A lock that one process at a time may hold."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from lesions.errors import InputError


@contextmanager
def hold_or_refuse(path: Path, doing: str) -> Iterator[None]:
    """Hold a lock, and remove its file then.

    Parameters
    ----------
    path
        The lock file; its folder is there.
    doing
        What the other process does, such as "fetching into data/raw".

    Raises
    ------
    InputError
        If another process holds it.
    """
    lock = FileLock(path)
    try:
        lock.acquire(blocking=False)
    except Timeout as error:
        raise InputError(f"another process, which holds {path}, is {doing}") from error
    try:
        yield
    finally:
        lock.release()
        path.unlink(missing_ok=True)
