"""Writing a file or a folder completely or not at all."""

import glob
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MAX_LINKS = 40
"""Number of links that are followed from one to the next, as on Linux."""


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary path; move it into place if the block succeeds, remove it if not.

    A link stays a link, and the file that it leads to is replaced. A device, a pipe or an open file such as
    /dev/stdout is not replaced: what the block wrote is written into it.
    """
    if _is_written_into(path):
        with tempfile.TemporaryDirectory() as folder:
            temporary = Path(folder, path.name)
            yield temporary
            with named_errors(path):
                _write_into(path, temporary)
        return
    target = _follow_link(path)
    temporary = _claim_temporary(target)
    try:
        with named_errors(path):
            yield temporary
            temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file in UTF-8, with line feeds on every system."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Yield an empty temporary folder; it replaces `path` if the block succeeds, and is removed if not.

    A link to a folder stays a link, and the folder that it leads to is replaced.
    """
    target = _follow_link(path)
    temporary = _claim_temporary(target)
    temporary.mkdir()
    try:
        with named_errors(path):
            yield temporary
            shutil.rmtree(target, ignore_errors=True)
            temporary.rename(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def named_errors(path: Path) -> Iterator[None]:
    """Add the name of this file to system errors that name no file, such as a full disk."""
    try:
        yield
    except OSError as error:
        if error.filename is None and error.errno is not None:
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise


def _claim_temporary(path: Path) -> Path:
    """Return the temporary path of this process beside `path`, where nothing is, and remove abandoned ones."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(path)
    return path.with_name(f".{path.name}.{os.getpid()}.tmp")


def _remove_abandoned(path: Path) -> None:
    """Remove what was written for this path by processes that were killed before they could do it themselves."""
    for left in path.parent.glob(f".{glob.escape(path.name)}.*.tmp"):
        process = left.name.split(".")[-2]
        if not process.isdecimal() or _is_running(int(process)):
            continue
        if left.is_dir() and not left.is_symlink():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


def _is_running(process: int) -> bool:
    """Return whether another process of this number runs, or may run."""
    if process == os.getpid():
        return False
    if os.name != "posix":
        return True  # there, the call below would end it
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def _follow_link(path: Path) -> Path:
    """Return what a link leads to, or `path` itself if it is no link.

    A link to a write-protected file is not followed: DVC makes such links into its cache, which must not change.
    """
    target = Path(os.path.realpath(path)) if path.is_symlink() else path
    is_protected = target.is_file() and not target.stat().st_mode & 0o222
    return path if is_protected or target.is_symlink() else target


def _is_written_into(path: Path) -> bool:
    """Return whether a path names something that exists and cannot be replaced by a file."""
    return _find_descriptor(path) is not None or (path.exists() and not path.is_file() and not path.is_dir())


def _write_into(path: Path, source: Path) -> None:
    descriptor = _find_descriptor(path)
    with (
        source.open("rb") as written,
        path.open("wb") if descriptor is None else os.fdopen(os.dup(descriptor), "wb") as opened,
    ):
        shutil.copyfileobj(written, opened)


def _find_descriptor(path: Path) -> int | None:
    """Return the number of this process's open file that a path such as /dev/stdout leads to, or None."""
    for _ in range(MAX_LINKS):
        if not path.is_symlink():
            return None
        if path.name.isdecimal() and path.parent.resolve() == Path(f"/proc/{os.getpid()}/fd"):
            return int(path.name)
        path = path.parent / path.readlink()
    return None
