"""What only some operating systems can do."""

import os

from lesions.errors import InputError


def check_posix(what: str) -> None:
    """Raise InputError, which names what was asked for, on a system without POSIX processes and signals."""
    if os.name != "posix":
        raise InputError(f"{what}: needs Linux or macOS; on Windows it runs in WSL (docs/platforms.md)")
