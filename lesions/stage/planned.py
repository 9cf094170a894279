"""`.timings/planned.txt`: the stages that the next `dvc repro` will run, as `lesions check` found them.

Each stage then says which of how many it is, and how long the rest may take.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from lesions.formats.atomic import write_text
from lesions.stage.timings import TIMINGS, Timing, locate_timing, read_timing

PLANNED = Path(TIMINGS, "planned.txt")


def write_planned(stages: Sequence[str]) -> None:
    """Write the stages that will run, or may; print a warning if they cannot be written."""
    try:
        write_text(PLANNED, "".join(f"{stage}\n" for stage in stages))
    except OSError as error:
        print(f"warning: the stages will not say which of how many they are: {error}", file=sys.stderr, flush=True)


def announce_stage(stage: str) -> None:
    """Print which of the planned stages begins, and how long it and the rest took when they last ran here.

    Nothing is printed of a stage that was not planned.
    """
    try:
        planned, since = PLANNED.read_text(encoding="utf-8").split(), PLANNED.stat().st_mtime
    except OSError:
        return
    if stage not in planned:
        return
    left = [each for each in planned if each == stage or not _has_run(each, since)]
    place = len(planned) - len(left) + 1
    time_left = describe_seconds([read_timing(each) for each in left])
    print(f"stage {place} of {len(planned)}, {time_left}", file=sys.stderr, flush=True)


def describe_seconds(timings: Sequence[Timing | None]) -> str:
    """Say how long stages took together when they last ran here, and how many of them never did."""
    num_unknown = timings.count(None)
    if num_unknown == len(timings):
        return "time not known: none of these has run here"
    total = sum(count_seconds(timing) for timing in timings if timing is not None)
    unknown = {0: "", 1: ", and one stage that has not run here"}
    others = unknown.get(num_unknown, f", and {num_unknown} stages that have not run here")
    return f"about {spell_seconds(total)}{others}"


def describe_planned(stages: Sequence[str]) -> str:
    """Return one line per stage with the time and the memory that it took when it last ran here, and their sum."""
    width, timings = max(map(len, stages)), [read_timing(stage) for stage in stages]
    lines = []
    for stage, timing in zip(stages, timings, strict=True):
        took = "not known" if timing is None else spell_seconds(count_seconds(timing))
        memory = "" if timing is None else f"{timing.peak_memory_mib:,.0f} MiB"
        lines.append(f"{stage:{width}}  {took:>12}  {memory:>10}".rstrip())
    return "\n".join([*lines, f"together: {describe_seconds(timings)}"])


def count_seconds(timing: Timing) -> float:
    """Return the seconds from the start of a stage's process to the end of its work."""
    return (timing.start_up_seconds or 0) + timing.wall_seconds


def spell_seconds(seconds: float) -> str:
    """Return a duration in words: 7 s, 3 min 20 s, 2 h 5 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _has_run(stage: str, since: float) -> bool:
    file = locate_timing(stage)
    return file.is_file() and file.stat().st_mtime >= since
