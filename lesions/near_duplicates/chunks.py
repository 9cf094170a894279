"""Working on some images or pairs at a time, on all processors."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from lesions.hardware.processors import count_processors
from lesions.stage.progress import show_progress

CHUNK = 64
"""Number of images or pairs that are worked on at a time; more do not fit into a processor's cache."""

Measured = TypeVar("Measured")


def map_chunks(measure: Callable[[slice], Measured], number: int, description: str) -> list[Measured]:
    """Return what `measure` returns for 64 of `number` rows at a time."""
    chunks = [slice(start, start + CHUNK) for start in range(0, number, CHUNK)]
    with ThreadPoolExecutor(count_processors()) as threads:
        return list(show_progress(threads.map(measure, chunks), description, total=len(chunks)))
