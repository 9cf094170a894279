"""Running a stage's `main` from the command line."""

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

from lesions.errors import InputError

TIMINGS = Path(".timings")


def run_stage(main: Callable[..., Any]) -> None:
    """Run a stage with its arguments from the command line, and record how long it took.

    An `InputError` is shown as one paragraph, with exit status 1; `LESIONS_DEBUG=1` adds the traceback.
    """
    started = time.perf_counter(), time.process_time()
    try:
        typer.run(main)
    except InputError as error:
        if os.environ.get("LESIONS_DEBUG"):
            raise
        Console(stderr=True, soft_wrap=True).print(f"error: {error}", markup=False, highlight=False)
        sys.exit(1)
    except SystemExit as leaving:
        if leaving.code in (0, None):
            _write_timing(*started)
        raise


def _write_timing(wall_start: float, cpu_start: float) -> None:
    stage = Path(sys.argv[0]).stem
    model = sys.argv[sys.argv.index("--model") + 1] if "--model" in sys.argv else None
    timing = {
        "stage": f"{stage}@{model}" if model else stage,
        "wall_seconds": round(time.perf_counter() - wall_start, 2),
        "cpu_seconds": round(time.process_time() - cpu_start, 2),
        "peak_memory_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }
    TIMINGS.mkdir(exist_ok=True)
    path = TIMINGS / f"{timing['stage']}.json"
    path.write_text(json.dumps(timing, indent=1) + "\n", encoding="utf-8")
