"""`.timings/<stage>.json`: how long a stage took. Neither git nor DVC tracks it, because it differs in every run."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import BaseModel, ValidationError

from lesions.errors import InputError
from lesions.formats.atomic import write_text
from lesions.hardware.memory import read_peak_memory
from lesions.hardware.start_up import measure_start_up

TIMINGS = Path(".timings")


class Timing(BaseModel):
    """How long a stage took, and how much memory.

    Attributes
    ----------
    stage
        Its name, with that of its model.
    start_up_seconds
        From the start of its process to that of its work; None in the files of earlier versions.
    wall_seconds, cpu_seconds
        Of its work; the processor time is that of all threads.
    peak_memory_mib
        Of its process.
    """

    stage: str
    start_up_seconds: float | None = None
    wall_seconds: float
    cpu_seconds: float
    peak_memory_mib: float


@contextmanager
def record_timing(stage: str) -> Iterator[None]:
    """Write the timing of the block, if it succeeds; print a warning if it cannot be written."""
    start_up, wall_start, cpu_start = measure_start_up(), time.perf_counter(), time.process_time()
    yield
    timing = Timing(
        stage=stage,
        start_up_seconds=round(start_up, 2),
        wall_seconds=round(time.perf_counter() - wall_start, 2),
        cpu_seconds=round(time.process_time() - cpu_start, 2),
        peak_memory_mib=round(read_peak_memory() / 2**20, 1),
    )
    try:
        write_text(locate_timing(stage), timing.model_dump_json(indent=1) + "\n")
    except OSError as error:  # what the stage computed is worth more than how long it took
        print(f"warning: how long {stage} took is not recorded: {error}", file=sys.stderr, flush=True)


def read_timings() -> list[Timing]:
    """Read the timings of all stages that have run here, in the order in which they ended.

    Raises
    ------
    InputError
        If no stage has run here, or a file is not the timing of one.
    """
    files = sorted(TIMINGS.glob("*.json"), key=lambda file: file.stat().st_mtime)
    if not files:
        raise InputError(f"no stage has run here yet ({TIMINGS}/ is empty)")
    return [_read_timing(file) for file in files]


def read_timing(stage: str) -> Timing | None:
    """Read how long a stage took when it last ran here; None if it never did."""
    file = locate_timing(stage)
    return _read_timing(file) if file.is_file() else None


def locate_timing(stage: str) -> Path:
    """Return the file of a stage's timing."""
    return TIMINGS / f"{stage}.json"


def _read_timing(file: Path) -> Timing:
    try:
        return Timing.model_validate_json(file.read_bytes())
    except ValidationError as error:
        raise InputError(f"{file}: not the timing of a stage; remove it") from error
