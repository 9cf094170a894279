"""Where stages keep what they need to resume after a kill, and the lock that only one process at a time may hold."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

POLL_SECONDS = 0.5
"""Time between two looks at the lock of another process."""


def find_resume_folder() -> Path:
    """Return the folder of the states.

    It is outside the temporary folder of an experiment, which DVC removes when the experiment is killed.
    """
    chosen = os.environ.get("LESIONS_RESUME_DIR")
    # DVC sets DVC_ROOT to the repository even if an experiment runs in a temporary copy of it.
    return Path(chosen) if chosen else Path(os.environ.get("DVC_ROOT", ".")) / ".resume"


def read_time(path: Path) -> float:
    """Return when a state was written, in seconds; 0 if its run has removed it."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


@contextmanager
def hold_lock(path: Path, *, doing: str) -> Iterator[None]:
    """Hold a lock; if another process holds it, say so and wait until that ends, however long that takes.

    Parameters
    ----------
    path
        The lock file; its folder is created.
    doing
        What the other process does, such as "training the same network on the same data".
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        print(
            f"waiting for another process, which holds {lock.lock_file} and is {doing}; stop either of the two if "
            "that is not meant",
            flush=True,
        )
        lock.acquire(poll_interval=POLL_SECONDS)
    try:
        yield
    finally:
        lock.release()
