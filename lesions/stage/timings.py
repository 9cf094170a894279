"""`.timings/<stage>.json`: how long a stage took. Neither git nor DVC tracks it, because it differs in every run."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lesions.formats.atomic import write_text
from lesions.hardware.memory import read_peak_memory

TIMINGS = Path(".timings")


@contextmanager
def record_timing(stage: str) -> Iterator[None]:
    """Write the time and the peak memory of the block, if it succeeds; print a warning if they cannot be written."""
    wall_start, cpu_start = time.perf_counter(), time.process_time()
    yield
    timing = {
        "stage": stage,
        "wall_seconds": round(time.perf_counter() - wall_start, 2),
        "cpu_seconds": round(time.process_time() - cpu_start, 2),
        "peak_memory_mib": round(read_peak_memory() / 2**20, 1),
    }
    try:
        write_text(TIMINGS / f"{stage}.json", json.dumps(timing, indent=1) + "\n")
    except OSError as error:  # what the stage computed is worth more than how long it took
        print(f"warning: how long {stage} took is not recorded: {error}", file=sys.stderr, flush=True)
