"""Kill a training at random moments, run it again, and check that it ends with the same bits as without a kill.

Run it in a clone whose pipeline has run once: the killed runs must leave the same checkpoint as that run.

    python -m benchmarks.kill_training --model custom_cnn --num-moments 20
    python -m benchmarks.kill_training --model custom_cnn --num-moments 20 --temporary
"""

import os
import signal
import subprocess
import time
from typing import Annotated

import dvc.api
import numpy as np
import typer
from rich.console import Console
from rich.table import Table
from ruamel.yaml import YAML

from lesions.errors import InputError


def main(
    model: Annotated[str, typer.Option(help="The model to train.")],
    num_moments: Annotated[int, typer.Option(help="Number of kills.")] = 20,
    temporary: Annotated[bool, typer.Option(help="Use `dvc exp run --temp` instead of `dvc repro`.")] = False,
    seed: Annotated[int, typer.Option(help="Seed of the moments.")] = 0,
) -> None:
    """Print a line per kill: its time, the epoch after which training resumed, and whether the bits are the same."""
    stage = f"train@{model}"
    command = ["dvc", *(("exp", "run", "--temp") if temporary else ("repro",)), "--force", "--single-item", stage]
    expected = read_hash("HEAD", stage)
    start = time.perf_counter()
    check_same(command, temporary=temporary, stage=stage, expected=expected)
    whole = time.perf_counter() - start
    print(f"a run without a kill takes {whole:.0f} s")
    generator = np.random.default_rng(seed)
    table = Table("killed after (s)", "resumed after epoch", "same bits")
    failures = 0
    for _ in range(num_moments):
        seconds = generator.uniform(0, whole)
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        time.sleep(seconds)
        # Kills dvc, the shell and the training at once, as a power failure does.
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        printed, same = check_same(command, temporary=temporary, stage=stage, expected=expected)
        resumed_after = next(
            (line.split()[3].rstrip(",") for line in printed.splitlines() if "resuming after" in line), ""
        )
        table.add_row(f"{seconds:.1f}", resumed_after, "yes" if same else "NO")
        failures += not same
    Console().print(table)
    print(f"{num_moments - failures} of {num_moments} runs of {model} ended with the same bits")
    raise typer.Exit(failures > 0)


def check_same(command: list[str], *, temporary: bool, stage: str, expected: str) -> tuple[str, bool]:
    """Run to the end; return what was printed, and whether the checkpoint is the expected one."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    printed = done.stdout + done.stderr
    if done.returncode != 0:
        raise InputError(f"{' '.join(command)} exited with {done.returncode}:\n{printed}")
    if not temporary:
        return printed, read_hash(None, stage) == expected
    name = printed.partition("Ran experiment(s): ")[2].split()[0]
    same = read_hash(name, stage) == expected
    subprocess.run(["dvc", "exp", "remove", name], check=True, capture_output=True)
    return printed, same


def read_hash(revision: str | None, stage: str) -> str:
    """Return the hash of a stage's checkpoint in the lock of a commit, of an experiment, or of the workspace."""
    lock = YAML(typ="safe", pure=True).load(dvc.api.read("dvc.lock", rev=revision))
    return str(lock["stages"][stage]["outs"][0]["md5"])


if __name__ == "__main__":
    typer.run(main)
