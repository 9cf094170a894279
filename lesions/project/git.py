"""Calling git with a list of arguments; no shell reads them."""

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from lesions.errors import InputError
from lesions.fetching.request import hide_credentials

SECONDS = 600
"""After this time a command of git is ended: a server may never answer."""


class GitFailedError(InputError):
    """Raised if a command of git fails; the message has its own words."""


def run_git(
    *arguments: str,
    folder: Path | None = None,
    content: bytes | None = None,
    environment: Mapping[str, str] | None = None,
    max_file_bytes: int | None = None,
    process_group: int | None = None,
) -> bytes:
    """Run a command of git and return what it prints.

    Parameters
    ----------
    folder
        Where it runs; by default in the current folder.
    content
        What it reads from standard input.
    environment
        Variables besides those of this process.
    max_file_bytes
        The size up to which it may write a file.
    process_group
        0 for one of its own, which Ctrl-C on a terminal does not reach.

    Raises
    ------
    InputError
        If it fails (GitFailedError); if git is not installed, or takes longer than `SECONDS`; if the system cannot
        limit the size of files.
    """
    try:
        done = subprocess.run(
            ["git", *arguments],
            cwd=folder,
            input=b"" if content is None else content,
            capture_output=True,
            check=False,
            env={**os.environ, "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", **(environment or {})},
            timeout=SECONDS,
            process_group=process_group,
            preexec_fn=None if max_file_bytes is None else _limit_files(max_file_bytes),
        )
    except FileNotFoundError as error:
        raise InputError("git is not installed, or not on the PATH") from error
    except subprocess.TimeoutExpired as error:
        raise InputError(f"git {arguments[0]}: no answer in {SECONDS} seconds") from error
    if done.returncode:
        words = " ".join(done.stderr.decode("utf-8", "replace").split())
        raise GitFailedError(f"git {arguments[0]}: {hide_credentials(words) or f'ended with {done.returncode}'}")
    return done.stdout


def try_git(*arguments: str, folder: Path | None = None) -> bytes | None:
    """Return what a command of git prints, or None if it fails; other errors are raised as `run_git` does."""
    try:
        return run_git(*arguments, folder=folder)
    except GitFailedError:
        return None


def ask_git(*arguments: str) -> str:
    """Return the one line that a command of git prints; raise InputError as `run_git` does."""
    return run_git(*arguments).decode("utf-8", "replace").strip()


def _limit_files(max_file_bytes: int) -> Callable[[], None]:
    """Return what limits the files of the process that calls it."""
    try:
        import resource
    except ModuleNotFoundError as error:  # on Windows
        raise InputError(
            "this system cannot limit what git writes, which reading a foreign repository needs"
        ) from error
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (max_file_bytes, max_file_bytes))
