"""Measuring how long this process took to start."""

import os
import time
from pathlib import Path

STAT = Path("/proc/self/stat")


def measure_start_up() -> float:
    """Return the seconds since this process began.

    Only Linux says when that was, to a hundredth of a second. Elsewhere it is the processor time since then, which
    does not include waiting for the disk.
    """
    if not STAT.exists():
        return time.process_time()
    # The second field is the program's name in brackets, which may contain blanks; the twenty-second is the start,
    # in clock ticks since the system started.
    fields = STAT.read_text(encoding="ascii", errors="ignore").rpartition(")")[2].split()
    return time.clock_gettime(time.CLOCK_BOOTTIME) - int(fields[19]) / os.sysconf("SC_CLK_TCK")
