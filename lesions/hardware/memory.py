"""How much memory this process has taken."""

import re
import resource
import sys
from pathlib import Path

STATUS = Path("/proc/self/status")


def read_peak_memory() -> int:
    """Return the most bytes that were resident at a time, those of files that are mapped among them."""
    # What getrusage says on Linux, a process may have from the one that started it.
    if STATUS.exists() and (
        peak := re.search(r"VmHWM:\s+(\d+) kB", STATUS.read_text(encoding="ascii", errors="ignore"))
    ):
        return 1024 * int(peak[1])
    bytes_a_unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * bytes_a_unit
