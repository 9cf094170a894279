"""Measure images per second on a GPU, for three networks, two batch sizes and each execution of a step.

Called by `gpu.sh`. It needs few packages besides torch, so that the repository can be unpacked on any machine with a
GPU. The images are synthetic, as many as in HAM10000; what is timed is what the stage `train` does with them. Without
CUDA everything runs at a small size, to check that it works, and nothing is measured.
"""

import platform
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.profiler import ProfilerActivity, profile
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from benchmarks.training import AUGMENTATION, Training
from lesions.hardware.choices import Execution
from lesions.hardware.device import choose_device, choose_execution, choose_precision
from lesions.networks.source import GatheredImages, ImageSource, ResidentImages
from lesions.training.batches import Batch
from lesions.training.step import NUM_STEPS_BEFORE_RECORDING

DEVICE = choose_device("auto")
ON_GPU = DEVICE.type == "cuda"
TIME_LIMIT_S = 450
NUM_TRAIN, NUM_VAL = (5588, 1198) if ON_GPU else (16, 4)
LABELS = np.arange(NUM_TRAIN) % 7
NUM_EPOCHS = 30 if ON_GPU else 1
BATCH_SIZES = (256, 1024) if ON_GPU else (4, 8)
NUM_REPEATED_STEPS = 20 if ON_GPU else 4
TIMED_IMAGES = 20_000 if ON_GPU else 8
EXECUTIONS: tuple[Execution, ...] = ("eager", "graph", "compiled") if ON_GPU else ("eager",)
NUM_PROFILED_STEPS = 10 if ON_GPU else 2
NUM_OPERATIONS = 12
"""Number of operations of a profile to list; the others are summed."""

MIXING = AUGMENTATION.model_copy(update={"mixup_alpha": 0.4, "cutmix_alpha": 1.0})


@dataclass(frozen=True)
class Workload:
    """A network and the side of its images."""

    network: str
    size_px: int

    def draw_images(self) -> NDArray[np.uint8]:
        """Draw a cache of images 1.15 times as large as the network's input, as in the presets."""
        side = round(1.15 * self.size_px)
        return np.random.default_rng(0).integers(0, 256, (NUM_TRAIN + NUM_VAL, side, side, 3), dtype=np.uint8)

    def begin(
        self, source: ImageSource, *, batch_size: int, execution: Execution, deterministic: bool = True
    ) -> Training:
        """Begin a training with the recipe of the preset for HAM10000."""
        return Training(
            self.network,
            source,
            LABELS,
            size_px=self.size_px,
            batch_size=batch_size,
            precision=choose_precision("auto", DEVICE),
            execution=execution,
            deterministic=deterministic,
            average_decay=0.999,
            augmentation=MIXING,
        )


WORKLOADS = (
    (Workload("resnet18", 224), Workload("resnet18", 128), Workload("custom_cnn", 128))
    if ON_GPU
    else (Workload("resnet18", 40), Workload("resnet18", 32), Workload("custom_cnn", 32))
)
LARGE, MIDDLE, _ = WORKLOADS


class CountBytes(TorchDispatchMode):
    """Counts the bytes of all tensors that operations read or write; a view moves no bytes."""

    def __init__(self) -> None:
        super().__init__()
        self.num_bytes = 0

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = function(*args, **(kwargs or {}))
        if not function.is_view:
            tensors = (value for value in tree_leaves((args, kwargs, result)) if isinstance(value, Tensor))
            self.num_bytes += sum(tensor.numel() * tensor.element_size() for tensor in tensors)
        return result


def main() -> None:
    """Measure, print each row as soon as it is measured, and stop at the time limit."""
    start = time.perf_counter()
    describe_machine()
    images = {workload: workload.draw_images() for workload in WORKLOADS}
    bandwidth = measure_copy_bandwidth()
    check_determinism(ResidentImages(images[MIDDLE], DEVICE))
    for deterministic in (True, False):
        time_epochs(ResidentImages(images[LARGE], DEVICE), deterministic=deterministic)
    time_source("resident", ResidentImages(images[LARGE], DEVICE))
    time_source("gathered", GatheredImages(images[LARGE], DEVICE))
    for workload in WORKLOADS:
        profile_steps(workload, ResidentImages(images[workload], DEVICE))
    print(
        "\n| network | px | batch | step | deterministic | images per second | first steps, s | bytes moved | data |"
    )
    print("|---|--:|--:|---|---|--:|--:|--:|--:|")
    for deterministic, execution, workload, batch_size in product((True, False), EXECUTIONS, WORKLOADS, BATCH_SIZES):
        row = f"| {workload.network} | {workload.size_px} | {batch_size} | {execution} | {deterministic} | "
        if time.perf_counter() - start > TIME_LIMIT_S:
            print(row + "not measured: out of time | | | |")
            continue
        source = ResidentImages(images[workload], DEVICE)
        training = workload.begin(source, batch_size=batch_size, execution=execution, deterministic=deterministic)
        print(row + measure_speed(training, bandwidth, execution))
        forget_compiled()


def measure_speed(training: Training, bandwidth: float, execution: Execution) -> str:
    """Return the last four columns of the table, from the median of three rounds."""
    size, batches = training.batches.batch_size, training.yield_batches()
    first_s = time_steps(training, batches, NUM_STEPS_BEFORE_RECORDING + 2)
    num_steps = max(2, TIMED_IMAGES // size)
    whole_s = sorted(time_steps(training, batches, num_steps) for _ in range(3))[1]
    same = next(batches)
    step_s = sorted(time_steps(training, iter([same] * num_steps), num_steps) for _ in range(3))[1]
    moved = "not counted"
    if execution == "eager":
        with CountBytes() as count:
            training.learn(iter([same]), 1)
        seconds = step_s / num_steps
        moved = f"{count.num_bytes / 1e9:.1f} GB, {count.num_bytes / seconds / bandwidth:.0%} of copying"
    speed = f"{num_steps * size / whole_s:,.0f}" if ON_GPU else "not measured"
    return f"{speed} | {first_s:.1f} | {moved} | {1 - step_s / whole_s:.0%} |"


def check_determinism(source: ImageSource) -> None:
    """Train twice with each deterministic execution, and print whether the weights are the same to the bit."""
    ended = {}
    for execution in EXECUTIONS:
        runs = []
        for _ in range(2):
            training = MIDDLE.begin(source, batch_size=BATCH_SIZES[0], execution=execution)
            training.learn(training.yield_batches(), NUM_REPEATED_STEPS)
            runs.append(training.read_weights())
            forget_compiled()
        ended[execution] = runs[0]
        print(f"{execution}, deterministic, {NUM_REPEATED_STEPS} steps twice: {compare(*runs)}")
    if "graph" in ended:
        print(f"graph beside eager: {compare(ended['graph'], ended['eager'])}")


def compare(first: Tensor, second: Tensor) -> str:
    """Return whether weights are the same, in words."""
    return "the same bits" if torch.equal(first, second) else "DIFFERENT BITS"


def time_epochs(source: ImageSource, *, deterministic: bool) -> None:
    """Time a whole training of the size of HAM10000, with validation after each epoch and without any files."""
    execution = choose_execution("auto", DEVICE)
    training = LARGE.begin(source, batch_size=BATCH_SIZES[0], execution=execution, deterministic=deterministic)
    synchronize()
    start, val_s = time.perf_counter(), 0.0
    for epoch in range(1, NUM_EPOCHS + 1):
        time_steps(training, training.batches.epoch(epoch), training.batches.num_batches)
        val_start = time.perf_counter()
        training.predict(np.arange(NUM_TRAIN, NUM_TRAIN + NUM_VAL))
        val_s += time.perf_counter() - val_start
    whole_s = time.perf_counter() - start
    print(
        f"{NUM_EPOCHS} epochs of {NUM_TRAIN:,} images at {LARGE.size_px} px, batch {BATCH_SIZES[0]}, deterministic "
        f"{deterministic}: " + (f"{whole_s:.1f} s, {val_s:.1f} s of it validation" if ON_GPU else "not measured")
    )


def time_source(name: str, source: ImageSource) -> None:
    """Time steps with images from one kind of source."""
    training = LARGE.begin(source, batch_size=BATCH_SIZES[0], execution=choose_execution("auto", DEVICE))
    batches = training.yield_batches()
    time_steps(training, batches, NUM_STEPS_BEFORE_RECORDING + 2)
    num_steps = max(2, TIMED_IMAGES // BATCH_SIZES[0])
    seconds = time_steps(training, batches, num_steps)
    speed = f"{num_steps * BATCH_SIZES[0] / seconds:,.0f} images per second" if ON_GPU else "not measured"
    print(f"images {name}: {speed}")


def time_steps(training: Training, batches: Iterator[Batch], num_steps: int) -> float:
    """Take steps; return the seconds until the GPU has finished them."""
    synchronize()
    start = time.perf_counter()
    training.learn(batches, num_steps)
    synchronize()
    return time.perf_counter() - start


def profile_steps(workload: Workload, source: ImageSource) -> None:
    """Print the operations on which the GPU spends its time in eager steps."""
    training = workload.begin(source, batch_size=BATCH_SIZES[-1], execution="eager")
    batches = training.yield_batches()
    time_steps(training, batches, NUM_STEPS_BEFORE_RECORDING)
    with profile(activities=[ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if ON_GPU else [])]) as profiled:
        time_steps(training, batches, NUM_PROFILED_STEPS)
    operations = [event for event in profiled.key_averages() if event.device_type.name == "CPU"]
    microseconds = {event.key: event.self_device_time_total for event in operations if ON_GPU}
    total = sum(microseconds.values())
    print(f"\n{workload.network}, {workload.size_px} px, batch {BATCH_SIZES[-1]}, eager: ms per step on the GPU")
    if not total:
        print("not measured")
        return
    ranked = sorted(microseconds.items(), key=lambda item: -item[1])
    rest = sum(value for _, value in ranked[NUM_OPERATIONS:])
    for name, value in [*ranked[:NUM_OPERATIONS], ("all others", rest), ("together", total)]:
        print(f"| {name} | {value / NUM_PROFILED_STEPS / 1e3:.2f} | {value / total:.0%} |")


def measure_copy_bandwidth() -> float:
    """Return the bytes per second that a large copy on the device reads and writes."""
    source = torch.zeros(2**30 if ON_GPU else 2**20, dtype=torch.float32, device=DEVICE)
    target = torch.empty_like(source)
    seconds = []
    for _ in range(5):
        synchronize()
        start = time.perf_counter()
        target.copy_(source)
        synchronize()
        seconds.append(time.perf_counter() - start)
    bandwidth = 2 * source.nbytes / sorted(seconds)[2]
    print(f"copies read and write {bandwidth / 1e9:,.0f} GB per second\n" if ON_GPU else "copies: not measured\n")
    return bandwidth


def describe_machine() -> None:
    """Print the device and the versions that were measured."""
    name = torch.cuda.get_device_name() if ON_GPU else f"{platform.machine()} CPU, so nothing is measured"
    cuda = f", CUDA {torch.version.cuda}, cuDNN {torch.backends.cudnn.version()}" if ON_GPU else ""
    print(f"{name}; torch {torch.__version__}{cuda}; {choose_precision('auto', DEVICE)}")


def synchronize() -> None:
    """Wait until the GPU has finished all operations."""
    if ON_GPU:
        torch.cuda.synchronize()


def forget_compiled() -> None:
    """Discard compiled code, so that the next training compiles again."""
    torch._dynamo.reset()


if __name__ == "__main__":
    main()
