"""A disk that is soon full."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.builders import ROOT

OWN_MOUNTS = ("unshare", "--user", "--map-root-user", "--mount")
MOUNT_AND_RUN = 'mount -t tmpfs -o "size=$0" tmpfs small && exec "$@"'


def _can_mount() -> bool:
    try:
        done = subprocess.run(
            [*OWN_MOUNTS, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, check=False
        )
    except FileNotFoundError:
        return False
    return done.returncode == 0


needs_small_disk = pytest.mark.skipif(not _can_mount(), reason="this system lets no one mount a small disk")


def run_on_small_disk(folder: Path, size: str, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command where `small/` is a file system of its own, of that size, which goes when the command ends."""
    (folder / "small").mkdir(exist_ok=True)
    return subprocess.run(
        [*OWN_MOUNTS, "sh", "-c", MOUNT_AND_RUN, size, *command],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
