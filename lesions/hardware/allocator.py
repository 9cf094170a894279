"""How the C library keeps memory that torch frees."""

import ctypes
import platform

M_TRIM_THRESHOLD = -1
M_MMAP_MAX = -4
LARGEST_INT = 2**31 - 1


def keep_freed_memory() -> None:
    """Tell glibc to keep freed memory for the next allocation; does nothing elsewhere.

    By default glibc maps blocks over 32 MiB afresh and returns them when freed, so that each training step
    on the CPU has the system zero its activations' pages again (`man 3 mallopt`).
    """
    if platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        libc.mallopt(M_MMAP_MAX, 0)
        libc.mallopt(M_TRIM_THRESHOLD, LARGEST_INT)
