"""Drawing many small images of skin that are all different, and altered copies of some, fast."""

import io
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import simplejpeg
from numpy.typing import NDArray
from PIL import Image

from benchmarks.planted_copies import ALTERATIONS
from lesions.errors import InputError
from lesions.hardware.processors import count_processors

DRAWN_PX = 130
"""Side of the images: the median of SLICE-3D's."""

BATCH = 20
"""Number of images drawn at a time; more do not fit into a processor's cache."""

NUM_COPIES = 1200

PLANTED = [
    *(("JPEG quality 40", 0), ("rotated by 90°", 0), ("mirrored", 0), ("1.3 times as bright", 0)),
    *(("cut off each side (%)", 8), ("rotated (°)", 7)),
]
"""The kinds and strengths of the copies, of those that the search is made to find (docs/near-duplicates.md)."""

IMAGES_PER_PATIENT = 385
"""As in SLICE-3D: 401,059 images of 1,042 patients."""

TABLE, COPIES = "table.csv", "copies.csv"


def draw_dataset(folder: Path, num_images: int, *, container: str, seed: int) -> None:
    """Write a table and an archive of images, of which the last `NUM_COPIES` are copies with patients of their own.

    Parameters
    ----------
    container
        The suffix of the archive: hdf5 or zip.

    Raises
    ------
    InputError
        If there are too few images to copy.
    """
    if num_images < 2 * NUM_COPIES:
        raise InputError(f"--num-images: expected {2 * NUM_COPIES:,} or more, got {num_images:,}")
    folder.mkdir(parents=True)
    generator = np.random.default_rng(seed)
    names = np.array([f"ISIC_{number:07d}" for number in generator.permutation(num_images)])
    num_drawn = num_images - NUM_COPIES
    originals = generator.choice(num_drawn, NUM_COPIES, replace=False)
    diagnoses = np.where(generator.random(num_images) < 0.02, "melanoma", "nevus")
    diagnoses[num_drawn:] = diagnoses[originals]
    kinds = [PLANTED[number % len(PLANTED)] for number in range(NUM_COPIES)]
    with open_container(folder / f"images.{container}") as write:
        kept: dict[int, bytes] = {}
        wanted = set(originals.tolist())
        for number, data in enumerate(encode_images(num_drawn, seed)):
            write(names[number], data)
            if number in wanted:
                kept[number] = data
        for name, original, kind in zip(names[num_drawn:], originals.tolist(), kinds, strict=True):
            write(name, alter(kept[original], kind))
    num_patients = max(60, num_images // IMAGES_PER_PATIENT)
    patients = [f"IP_{number:07d}" for number in generator.integers(num_patients, size=num_drawn)]
    # Patients that exist would be tied to each other by their copies until all of them were one group.
    patients += [f"COPY_{number:07d}" for number in range(NUM_COPIES)]
    table = pd.DataFrame({"isic_id": names, "patient_id": patients, "diagnosis": diagnoses})
    table.to_csv(folder / TABLE, index=False)
    copies = {"image_id": names[num_drawn:], "original": names[originals], "kind": [kind for kind, _ in kinds]}
    pd.DataFrame(copies).to_csv(folder / COPIES, index=False)


@contextmanager
def open_container(path: Path) -> Iterator[Callable[[str, bytes], None]]:
    """Open an archive for writing, and yield the function that adds an image to it."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as packed:
            yield lambda name, data: packed.writestr(f"{name}.jpg", data)
        return
    with h5py.File(path, "w", libver="latest") as file:

        def write(name: str, data: bytes) -> None:
            file[name] = np.void(data)

        yield write


def encode_images(num_images: int, seed: int) -> Iterator[bytes]:
    """Yield JPEG files of different images."""
    batches = [(seed, number, min(BATCH, num_images - number)) for number in range(0, num_images, BATCH)]
    with ThreadPoolExecutor(count_processors()) as threads:
        for some in batched(batches, 100):
            for encoded in threads.map(_encode_batch, some):
                yield from encoded


def batched(items: list[Any], size: int) -> Iterator[list[Any]]:
    """Yield lists of at most `size` items."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _encode_batch(about: tuple[int, int, int]) -> list[bytes]:
    seed, number, num_images = about
    images = draw_images(np.random.default_rng((seed, number)), num_images)
    return [simplejpeg.encode_jpeg(image, quality=90, colorsubsampling="420") for image in images]


def draw_images(generator: np.random.Generator, num_images: int) -> NDArray[np.uint8]:
    """Draw moles (N, 130, 130, 3): a dark soft ellipse on shaded skin, with blotches and fine structures."""
    y, x = np.mgrid[:DRAWN_PX, :DRAWN_PX].astype(np.float32) / DRAWN_PX - 0.5
    centre_y, centre_x = generator.normal(0, 0.06, (2, num_images, 1, 1)).astype(np.float32)
    height, width = generator.uniform(0.12, 0.4, (2, num_images, 1, 1)).astype(np.float32)
    turn = generator.uniform(0, np.pi, (num_images, 1, 1)).astype(np.float32)
    along = (x - centre_x) * np.cos(turn) + (y - centre_y) * np.sin(turn)
    across = (y - centre_y) * np.cos(turn) - (x - centre_x) * np.sin(turn)
    blotches = _draw_noise(generator, num_images, 9)
    mole = 1 / (1 + np.exp(12 * (np.sqrt((along / width) ** 2 + (across / height) ** 2) - 1 + 0.15 * blotches)))
    depth = generator.uniform(30, 110, (num_images, 1, 1)).astype(np.float32)
    structures = 5 * _draw_noise(generator, num_images, 24) + 9 * _draw_noise(generator, num_images, 72)
    grey = 8 * _draw_noise(generator, num_images, 5) + structures * (0.6 + mole) - depth * mole
    skin = generator.uniform((180, 130, 110), (230, 180, 160), (num_images, 3)).astype(np.float32)
    tint = np.array([0.8, 1.0, 1.1], dtype=np.float32)
    return (skin[:, None, None] + grey[..., None] * tint).clip(0, 255).astype(np.uint8)


def _draw_noise(generator: np.random.Generator, num_images: int, cells: int) -> NDArray[np.float32]:
    """Return smooth noise (N, 130, 130) with a value of its own in each of `cells` × `cells` places."""
    values = generator.standard_normal((num_images, cells, cells), dtype=np.float32)
    position = np.linspace(0, cells - 1, DRAWN_PX, dtype=np.float32)
    weights = np.maximum(0, 1 - np.abs(position[:, None] - np.arange(cells))).astype(np.float32)
    return weights @ values @ weights.T


def alter(data: bytes, kind: tuple[str, float]) -> bytes:
    """Return an altered copy of a JPEG file."""
    with Image.open(io.BytesIO(data)) as image:
        altered = ALTERATIONS[kind](image.convert("RGB"))
    file = io.BytesIO()
    altered.save(file, "JPEG", quality=40 if "JPEG" in kind[0] else 90)
    return file.getvalue()
