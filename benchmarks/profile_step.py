"""Profile a training step of each network that starts from ImageNet weights, on the CPU.

    python -m benchmarks.profile_step --weights ../shared/weights

It prints the operations that take the most time of a step of 64 images at 128 px, and how long steps take with and
without float32 gradients of depthwise convolutions (lesions/networks/depthwise.py).
"""

import time
from contextlib import nullcontext
from itertools import repeat
from pathlib import Path
from typing import Annotated
from unittest.mock import patch

import numpy as np
import typer
from torch.profiler import ProfilerActivity, profile

from benchmarks.competitors import BATCH_SIZE, CPU, FINE_TUNING_RATE, NUM_THREADS
from benchmarks.training import PRETRAINED, Training
from lesions.hardware.device import choose_precision
from lesions.networks.source import GatheredImages
from lesions.training.batches import Batch

SIZE_PX = 128
NUM_STEPS = 3


def main(
    networks: Annotated[list[str] | None, typer.Argument(help=f"Some of {', '.join(PRETRAINED)}.")] = None,
    weights: Annotated[Path, typer.Option(help="Folder with files of ImageNet weights.")] = Path("../shared/weights"),
    num_operations: Annotated[int, typer.Option(help="Operations to print.")] = 8,
) -> None:
    """Print a table of operations and two times per step for each network."""
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (BATCH_SIZE, *(round(1.15 * SIZE_PX),) * 2, 3), dtype=np.uint8)
    for network in networks or PRETRAINED:
        training = Training(
            network,
            GatheredImages(images, CPU),
            np.arange(BATCH_SIZE) % 7,
            size_px=SIZE_PX,
            batch_size=BATCH_SIZE,
            precision=choose_precision("auto", CPU),
            num_threads=NUM_THREADS,
            learning_rate=FINE_TUNING_RATE,
            weights=weights / PRETRAINED[network],
        )
        batch = next(training.batches.epoch(1))
        training.learn(repeat(batch), 1)
        with profile(activities=[ProfilerActivity.CPU]) as profiled:
            training.learn(repeat(batch), 1)
        averages = profiled.key_averages()
        print(f"{network}\n{averages.table(sort_by='self_cpu_time_total', row_limit=num_operations)}")
        fast = measure_step(training, batch)
        with patch("lesions.training.learner.speed_up_depthwise", lambda *_: nullcontext()):
            plain = measure_step(training, batch)
        print(f"CPU seconds per step: {fast:.2f}; without float32 gradients: {plain:.2f}\n", flush=True)


def measure_step(training: Training, batch: Batch) -> float:
    """Return the CPU seconds of a step on one batch, the fewest of several."""
    taken = []
    for _ in range(NUM_STEPS):
        start = time.process_time()
        training.learn(repeat(batch), 1)
        taken.append(time.process_time() - start)
    return min(taken)


if __name__ == "__main__":
    typer.run(main)
