"""How much memory this process has taken."""

import resource
import sys


def read_peak_memory() -> int:
    """Return the most bytes that were resident at a time, those of files that are mapped among them."""
    bytes_a_unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * bytes_a_unit
