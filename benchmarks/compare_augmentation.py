"""Compare the time of our augmentation with kornia's, on whole batches, and torchvision's v2, on each image.

    python -m benchmarks.compare_augmentation

Each turns the same 64 cached images of 147 px into augmented images of 128 px, float32, with two threads: flips,
rotation by any angle, shift, zoom, and changes of brightness, contrast and saturation. kornia must be installed too
(`uv pip install kornia`). No ratio is printed if the mean or the standard deviation of a peer's colours is not close
to ours.
"""

import time
from collections.abc import Callable

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor
from torchvision.transforms import v2

from benchmarks.training import AUGMENTATION
from lesions.transforms.artefacts import draw_hairs
from lesions.transforms.augmentation import augment_images, draw_changes
from lesions.transforms.crops import draw_crops
from lesions.transforms.preprocessing import Preprocessing

BATCH_SIZE, CACHED_PX, SIZE_PX = 64, 147, 128
NUM_ROUNDS = 7
BATCHES_PER_ROUND = 10
GROUND = 200
"""Grey level of the background, beyond which torchvision cannot reflect the image."""

MAX_COLOUR_DIFFERENCE = 0.02
"""Largest difference in the mean and in the standard deviation of all pixels, from 0 to 1."""


def main() -> None:
    """Time the three in turns, and print a table."""
    import kornia.augmentation as kornia

    torch.set_num_threads(2)
    torch.manual_seed(0)
    pixels = draw_pixels()
    geometry, strengths = Preprocessing(SIZE_PX), torch.ones(BATCH_SIZE)
    batched = kornia.AugmentationSequential(
        kornia.Resize((SIZE_PX, SIZE_PX)),
        kornia.RandomHorizontalFlip(),
        kornia.RandomVerticalFlip(),
        kornia.RandomAffine(180, translate=(0.05, 0.05), scale=(0.87, 1.15), p=1.0, padding_mode="reflection"),
        kornia.ColorJitter(0.15, 0.15, 0.15, 0, p=1.0),
    )
    each = v2.Compose(
        [
            v2.Resize(SIZE_PX),
            v2.RandomHorizontalFlip(),
            v2.RandomVerticalFlip(),
            v2.RandomAffine(
                180, (0.05, 0.05), (0.87, 1.15), interpolation=v2.InterpolationMode.BILINEAR, fill=GROUND
            ),
            v2.ColorJitter(0.15, 0.15, 0.15),
            v2.ToDtype(torch.float32, scale=True),
        ]
    )
    planes = pixels.permute(0, 3, 1, 2).contiguous()

    def ours(number: int) -> Tensor:
        return augment_images(
            geometry.prepare(pixels),
            torch.from_numpy(draw_changes(BATCH_SIZE, seed=0, epoch=number)),
            crops=torch.from_numpy(draw_crops(BATCH_SIZE, area=None, aspect=None, seed=0, epoch=number)),
            hairs=torch.from_numpy(draw_hairs(BATCH_SIZE, 0, seed=0, epoch=number)),
            strengths=strengths,
            parameters=AUGMENTATION,
            preprocessing=geometry,
        )

    ways: dict[str, Callable[[int], Tensor]] = {
        "ours": ours,
        "kornia, whole batches": lambda _: batched(planes.float() / 255),
        "torchvision v2, each image": lambda _: torch.stack([each(image) for image in planes]),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    colours = {}
    for number in range(NUM_ROUNDS + 1):
        for name, way in ways.items():
            start = time.perf_counter()
            made = [way(number * BATCHES_PER_ROUND + batch) for batch in range(BATCHES_PER_ROUND)]
            if number:
                seconds[name].append((time.perf_counter() - start) / BATCHES_PER_ROUND)
            assert made[0].shape == (BATCH_SIZE, 3, SIZE_PX, SIZE_PX)
            colours[name] = (torch.cat(made).mean().item(), torch.cat(made).std().item())
    print_ratios(seconds, colours)


def print_ratios(seconds: dict[str, list[float]], colours: dict[str, tuple[float, float]]) -> None:
    """Print the medians, and how many times as fast as each peer ours is."""
    table = Table(title=f"{BATCH_SIZE} images of {SIZE_PX} px, medians of {NUM_ROUNDS} rounds")
    for column in ("", "ms per batch", "mean", "std", "times as fast"):
        table.add_column(column, justify="left" if not column else "right")
    for name, values in seconds.items():
        alike = np.allclose(colours[name], colours["ours"], rtol=0, atol=MAX_COLOUR_DIFFERENCE)
        ratio = f"{np.median(values) / np.median(seconds['ours']):.1f}" if alike else "colours differ"
        mean, std = colours[name]
        table.add_row(name, f"{1000 * np.median(values):.1f}", f"{mean:.3f}", f"{std:.3f}", ratio)
    Console(width=100).print(table)


def draw_pixels() -> Tensor:
    """Draw smooth images on a background of one colour, so that every way to continue an image looks the same."""
    generator = np.random.default_rng(0)
    y, x = np.mgrid[-1 : 1 : CACHED_PX * 1j, -1 : 1 : CACHED_PX * 1j]
    spot = np.exp(-4 * (x**2 + y**2))[None, ..., None] * generator.uniform(50, 120, (BATCH_SIZE, 1, 1, 3))
    return torch.from_numpy((GROUND - spot).astype(np.uint8))


if __name__ == "__main__":
    main()
