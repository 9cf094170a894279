"""Letting the C library keep the memory that torch frees."""

import ctypes
import platform

M_TRIM_THRESHOLD = -1
M_MMAP_MAX = -4
LARGEST_INT = 2**31 - 1


def keep_freed_memory() -> None:
    """Tell glibc to keep freed memory for the next allocation; without glibc, do nothing.

    By default glibc maps blocks over 32 MiB anew and unmaps them when freed. The system then zeroes the pages of the
    activations in each training step on the CPU (`man 3 mallopt`).
    """
    if platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        libc.mallopt(M_MMAP_MAX, 0)
        libc.mallopt(M_TRIM_THRESHOLD, LARGEST_INT)
