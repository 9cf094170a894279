"""Measure how long `dvc exp run` takes until a network is trained, and how much of that is DVC's.

Run it in a clone with the data of the last run: it changes one learning rate, and is stopped once the training says
that it begins. DVC's is the time outside the processes of the stages; the start of such a process counts as the
stage's.

    git clone . /tmp/start && cd /tmp/start && dvc cache dir --local PROJECT/.dvc/cache && dvc checkout
    python -m benchmarks.start_experiment
"""

import os
import signal
import subprocess
import sys
import time
from statistics import median
from typing import Annotated

import typer
from rich.table import Column, Table

from lesions.stage.failure import one_paragraph_errors
from lesions.stage.tables import print_table
from lesions.stage.timings import read_timing

BEGINS, TRAINS = "> python -m stages.", "training resnet18 on "


def measure_start(learning_rate: float) -> dict[str, float]:
    """Return the seconds until training begins, by `DVC` and each stage that ran before, and `train`."""
    at = time.perf_counter()
    process = subprocess.Popen(
        ["dvc", "exp", "run", "-S", f"architectures.resnet18.learning_rate={learning_rate}"],
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        process_group=0,
    )
    assert process.stdout is not None
    seconds: dict[str, float] = {}
    begun, training_begun = "", 0.0
    for line in process.stdout:
        if line.startswith(BEGINS):
            begun = line.removeprefix(BEGINS).split()[0]
            training_begun = time.perf_counter()
            seconds[begun] = 0.0
        elif line.startswith(TRAINS):
            seconds["train"] = time.perf_counter() - training_begun
            break
    total = time.perf_counter() - at
    os.killpg(process.pid, signal.SIGINT)
    process.communicate()
    assert "train" in seconds, "DVC ended before a training began"
    for stage in seconds.keys() - {"train"}:
        timing = read_timing(stage)
        assert timing is not None
        seconds[stage] = (timing.start_up_seconds or 0) + timing.wall_seconds
    return {"DVC": total - sum(seconds.values())} | seconds


def main(num_runs: Annotated[int, typer.Option(min=1, help="How often.")] = 3) -> None:
    """Print the median seconds of each part."""
    runs = []
    for number in range(num_runs):
        runs.append(measure_start(0.0011 + 0.0001 * number))
        subprocess.run(["git", "checkout", "--quiet", "--", "."], check=True)
        subprocess.run([sys.executable, "-m", "dvc", "checkout", "--quiet"], check=True)
    table = Table(Column("until training begins"), Column("seconds", justify="right"), box=None, pad_edge=False)
    for part in runs[0]:
        table.add_row(part, f"{median(run[part] for run in runs):.2f}")
    ours = median(sum(run.values()) - run["DVC"] for run in runs)
    table.add_row("all but DVC", f"{ours:.2f}")
    print_table(table)


if __name__ == "__main__":
    with one_paragraph_errors():
        typer.run(main)
