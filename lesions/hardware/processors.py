"""How many processors this process may use."""

import os


def count_processors() -> int:
    """Return the number of processors that the system lets this process run on, which may be fewer than it has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
