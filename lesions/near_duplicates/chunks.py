"""Working on some images or pairs at a time, on all processors."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from threadpoolctl import threadpool_limits

from lesions.hardware.processors import count_processors
from lesions.stage.progress import show_progress

CHUNK = 64
"""Number of images or pairs that are worked on at a time; more do not fit into a processor's cache."""

Measured = TypeVar("Measured")


def map_chunks(
    measure: Callable[[slice], Measured], number: int, description: str, *, size: int = CHUNK
) -> list[Measured]:
    """Return what `measure` returns for `size` of `number` rows at a time.

    Each processor works on other rows: products of matrices in threads of their own would only wait for each other.
    """
    chunks = split_rows(number, size)
    with threadpool_limits(1), ThreadPoolExecutor(count_processors()) as threads:
        return list(show_progress(threads.map(measure, chunks), description, total=len(chunks)))


def split_rows(number: int, size: int = CHUNK) -> list[slice]:
    """Return the first `size` rows, the next ones, and so on."""
    return [slice(start, min(start + size, number)) for start in range(0, number, size)]
