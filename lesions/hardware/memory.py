"""Measuring the memory that this process has used."""

import re
import sys
from pathlib import Path

STATUS = Path("/proc/self/status")


def read_peak_memory() -> int:
    """Return the peak of resident memory in bytes, including mapped files."""
    # On Linux, getrusage may return the peak of the process that started this one.
    if STATUS.exists() and (
        peak := re.search(r"VmHWM:\s+(\d+) kB", STATUS.read_text(encoding="ascii", errors="ignore"))
    ):
        return 1024 * int(peak[1])
    try:
        import resource
    except ModuleNotFoundError:  # on Windows
        import psutil

        used = psutil.Process().memory_info()
        return int(getattr(used, "peak_wset", used.rss))
    bytes_per_unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * bytes_per_unit
