"""Running a stage's `main` from the command line."""

import inspect
import json
import signal
import sys
import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from types import FrameType
from typing import Any

import typer

from lesions.command_line.failure import DebugOption, one_paragraph_errors
from lesions.formats.atomic import write_text
from lesions.hardware.memory import read_peak_memory

TIMINGS = Path(".timings")


def run_stage(main: Callable[..., None]) -> None:
    """Run a stage with its arguments from the command line and the option `--debug`, and record how long it took."""

    @wraps(main)
    def timed_main(*, debug: bool, **arguments: Any) -> None:
        wall_start, cpu_start = time.perf_counter(), time.process_time()
        main(**arguments)
        stage = Path(sys.argv[0]).stem
        name = f"{stage}@{arguments['model']}" if "model" in arguments else stage
        write_timing(name, time.perf_counter() - wall_start, time.process_time() - cpu_start)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    signature = inspect.signature(main)
    debug = inspect.Parameter("debug", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=DebugOption)
    # typer reads the options from here.
    timed_main.__signature__ = signature.replace(parameters=[*signature.parameters.values(), debug])  # type: ignore[attr-defined]
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(timed_main)
    with one_paragraph_errors():
        app()


def stop(number: int, _: FrameType | None) -> None:
    """Leave as the signal says, removing temporary files and releasing locks on the way."""
    name = signal.Signals(number).name
    print(f"stopped by {name}; no half-written file is left, and running again goes on", file=sys.stderr, flush=True)
    sys.exit(128 + number)


def write_timing(stage: str, wall_seconds: float, cpu_seconds: float) -> None:
    """Write `.timings/<stage>.json`, which neither git nor DVC tracks: the same run never takes as long twice."""
    timing = {
        "stage": stage,
        "wall_seconds": round(wall_seconds, 2),
        "cpu_seconds": round(cpu_seconds, 2),
        "peak_memory_mib": round(read_peak_memory() / 2**20, 1),
    }
    write_text(TIMINGS / f"{stage}.json", json.dumps(timing, indent=1) + "\n")
