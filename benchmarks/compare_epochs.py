"""Compare the time of whole epochs (data, augmentation, steps) of the pipeline with those of other libraries.

    python -m benchmarks.compare_epochs            # all workloads; each can be chosen by name
    python -m benchmarks.compare_epochs custom_cnn-64
    python -m benchmarks.compare_epochs resnet18-pretrained-128 tf_efficientnet_lite0-pretrained-128

It draws JPEGs of 600 × 450 pixels. The competitors then train one epoch each in turns, each in its own process that
waits while another is timed; the first epoch is a warm-up and is not counted. Ours decodes the JPEGs once, before any
epoch is timed, as the stage `cache_images` does, and the seconds are printed; the others decode them in each epoch. A
ratio is printed only if, after the same number of epochs, the validation accuracy does not differ significantly from
that of the pipeline. For the first three workloads fastai must be installed too (`uv pip install fastai`).
"""

import multiprocessing
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import torch
import typer
from numpy.typing import NDArray
from PIL import Image
from rich.console import Console
from rich.table import Table

from benchmarks.competitors import Competitor, FastAI, Ours, build_timm, build_torchvision, list_files
from benchmarks.training import PRETRAINED
from lesions.evaluation.significance import compare_hits
from lesions.hardware.device import choose_precision

Build = Callable[[Path, str, int], Competitor]

OURS, OURS_FLOAT32 = "ours", "ours, float32"
PEERS: dict[str, Build] = {
    "torchvision": build_torchvision,
    "timm": build_timm,
    "timm, bfloat16": partial(build_timm, bfloat16=True),
    "fastai": FastAI,
}
WORKLOADS: dict[str, tuple[str, int, dict[str, float]]] = {
    "custom_cnn-64": ("custom_cnn", 64, {"torchvision": 5, "fastai": 3.8}),
    "custom_cnn-128": ("custom_cnn", 128, {"torchvision": 4}),
    "resnet18-128": ("resnet18", 128, {"torchvision": 2, "timm": 2, "timm, bfloat16": 1.1, "fastai": 2.2}),
}
"""Per workload: the network, the side of its images, and how many times as fast as each peer we should be."""

TIMM_LOOP = "timm's training"
PRETRAINED_WORKLOADS = {
    f"{network}-pretrained-128": (network, 128, {TIMM_LOOP: 1.4 if network == "resnet18" else 1.1})
    for network in PRETRAINED
}
"""The same, from ImageNet weights, beside timm's own training loop in bfloat16 and channels_last."""

SIZE_PX = (600, 450)
COLOURS = np.array([(0.35, 0.3, 0.3), (0.95, 0.5, 0.45), (0.5, 0.6, 0.8), (0.85, 0.8, 0.5)])
"""Fraction of red, green and blue light that the spots of each class reflect."""

MAX_DATA_SHARE = 0.08
MAX_P_VALUE = 0.05
"""Below this p-value of McNemar's test, two trainings count as differently good."""

MIN_ACCURACY = 0.5
"""Smallest accuracy that shows learning: twice chance."""


def main(
    workloads: Annotated[
        list[str] | None, typer.Argument(help=f"Some of {', '.join([*WORKLOADS, *PRETRAINED_WORKLOADS])}.")
    ] = None,
    num_rounds: Annotated[int, typer.Option(help="Number of timed epochs.")] = 3,
    num_train: Annotated[int, typer.Option(help="Training images per epoch.")] = 640,
    num_val: Annotated[int, typer.Option(help="Validation images.")] = 320,
    weights: Annotated[Path, typer.Option(help="Folder with files of ImageNet weights.")] = Path("../shared/weights"),
) -> None:
    """Print a table for each workload."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        draw_images(root / "train", num_train, seed=0)
        draw_images(root / "val", num_val, seed=1)
        truth = np.array([int(file.parent.name) for file in list_files(root / "val")])
        for name in workloads or [*WORKLOADS, *PRETRAINED_WORKLOADS]:
            network, size_px, wanted = (WORKLOADS | PRETRAINED_WORKLOADS)[name]
            start = weights / PRETRAINED[network] if name in PRETRAINED_WORKLOADS else None
            builds = choose_builds(wanted, start)
            seconds, predicted, data = time_competitors(builds, root, network, size_px, num_rounds)
            print_ratios(name, wanted, seconds, {peer: guess == truth for peer, guess in predicted.items()}, data)


@dataclass(frozen=True)
class DataTime:
    """The time that our training takes for data.

    Attributes
    ----------
    share
        Fraction of the time of the counted epochs that was spent waiting for augmented batches.
    decoding_s
        Seconds in which the JPEGs were decoded, once, before the first epoch.
    """

    share: float
    decoding_s: float


def choose_builds(peers: Iterable[str], weights: Path | None) -> dict[str, Build]:
    """Return what builds our training, in the fastest precision and in float32, and those of the peers."""
    precision = choose_precision("auto", torch.device("cpu"))
    builds: dict[str, Build] = {
        OURS: partial(Ours, precision=precision, weights=weights),
        OURS_FLOAT32: partial(Ours, precision=torch.float32, weights=weights),
    }
    if weights is None:
        return builds | {peer: PEERS[peer] for peer in peers}
    from benchmarks.timm_training import build_timm_training  # loads timm, which takes seconds

    return builds | {TIMM_LOOP: partial(build_timm_training, weights=weights)}


def time_competitors(
    builds: dict[str, Build], root: Path, network: str, size_px: int, num_rounds: int
) -> tuple[dict[str, list[float]], dict[str, NDArray[np.int64]], DataTime]:
    """Time epochs in turns; return their seconds, each competitor's predictions, and our time for data."""
    context = multiprocessing.get_context("spawn")
    ends: dict[str, Connection] = {}
    for name, build in builds.items():
        ends[name], other = context.Pipe()
        context.Process(target=run_competitor, args=(other, build, root, network, size_px), daemon=False).start()
        other.close()  # otherwise a competitor that fails would never be noticed
        ends[name].recv()
    seconds: dict[str, list[float]] = {name: [] for name in builds}
    for number in range(num_rounds + 1):
        for name, end in ends.items():
            end.send("train_epoch")
            taken = end.recv()
            if number:
                seconds[name].append(taken)
    ended = {}
    for name, end in ends.items():
        end.send("predict")
        ended[name] = end.recv()
    return seconds, {name: predicted for name, (predicted, _) in ended.items()}, ended[OURS][1]


def run_competitor(end: Connection, build: Build, root: Path, network: str, size_px: int) -> None:
    """Build a competitor, train epochs on request, and finally send its predictions."""
    # Loaders fork by default on Linux, but not in a spawned process.
    multiprocessing.set_start_method("fork", force=True)
    torch.manual_seed(0)
    competitor = build(root, network, size_px)
    end.send("ready")
    taken, waited = [], []
    while end.recv() == "train_epoch":
        start = time.perf_counter()
        competitor.train_epoch()
        taken.append(time.perf_counter() - start)
        waited.append(competitor.data_s if isinstance(competitor, Ours) else 0)
        end.send(taken[-1])
    data = None
    if isinstance(competitor, Ours):
        data = DataTime(share=sum(waited[1:]) / sum(taken[1:]), decoding_s=competitor.decoding_s)
    end.send((competitor.predict(), data))


def print_ratios(
    name: str,
    wanted: dict[str, float],
    seconds: dict[str, list[float]],
    right: dict[str, NDArray[np.bool_]],
    data: DataTime,
) -> None:
    """Print how many times as fast as each peer the pipeline is, in bfloat16 and in float32."""
    images = pd.Series(range(len(right[OURS])))
    median = {competitor: float(np.median(values)) for competitor, values in seconds.items()}
    table = Table(title=f"{name}: {len(seconds[OURS])} epochs each, {len(right[OURS])} validation images")
    for column in ("", "s per epoch", "from", "to", "accuracy", "times as fast", "wanted", "float32 alone"):
        table.add_column(column, justify="left" if not column else "right")
    for competitor, values in seconds.items():
        ratios = ["", "", ""]
        if competitor in wanted:
            p_value = compare_hits(right[OURS], right[competitor], images).p_value
            ratio, alone = (median[competitor] / median[ours] for ours in (OURS, OURS_FLOAT32))
            ratios = [f"{ratio:.2f}", f"{wanted[competitor]:g}", f"{alone:.2f}"]
            if right[OURS].mean() < MIN_ACCURACY:
                ratios = ["nothing learnt", ratios[1], ""]
            elif p_value < MAX_P_VALUE:
                ratios = [f"quality differs, p {p_value:.3f}", ratios[1], ""]
        accuracy = f"{right[competitor].mean():.3f}"
        table.add_row(
            competitor, f"{median[competitor]:.2f}", f"{min(values):.2f}", f"{max(values):.2f}", accuracy, *ratios
        )
    Console(width=118).print(table)
    limit = median[OURS] * (1 - data.share)
    print(
        f"decoding of the JPEGs, once before our first epoch: {data.decoding_s:.2f} s\n"
        f"share of our epochs that data and augmentation take: {data.share:.1%} "
        f"(wanted: at most {MAX_DATA_SHARE:.0%})\n"
        f"the limit, an epoch of ours without them: {limit:.2f} s\n"
    )


def draw_images(folder: Path, num_images: int, *, seed: int) -> None:
    """Draw spots on skin as JPEGs; each class is a colour, which every training learns within a few epochs."""
    generator = np.random.default_rng(seed)
    width, height = SIZE_PX
    y, x = np.mgrid[:height, :width]
    for number in range(num_images):
        label = number % len(COLOURS)
        radius, angle = generator.uniform(60, 130), generator.uniform(0, np.pi)
        dx, dy = x - width / 2 - generator.normal(0, 15), y - height / 2 - generator.normal(0, 15)
        along, across = dx * np.cos(angle) + dy * np.sin(angle), dy * np.cos(angle) - dx * np.sin(angle)
        spot = 1 / (1 + np.exp((np.hypot(along, 1.5 * across) - radius) / 8))
        light = COLOURS[label] + generator.normal(0, 0.06, 3)
        skin = np.array([225, 180, 160]) * generator.uniform(0.85, 1.1, 3)
        pixels = skin * (1 - (1 - light) * spot[..., None]) + generator.normal(0, 14, (height, width, 1))
        file = folder / str(label) / f"{number:05d}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(file, quality=92)


if __name__ == "__main__":
    typer.run(main)
