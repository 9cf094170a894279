"""Altered copies by kind and strength, and planting them among the images of a dataset."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image, ImageEnhance

from lesions.datasets.ham10000 import HAM10000
from lesions.datasets.pad_ufes_20 import PAD_UFES_20

Alter = Callable[[Image.Image], Image.Image]


def crop(image: Image.Image, *, left_top: float, right_bottom: float) -> Image.Image:
    """Cut fractions of the width and of the height off the sides."""
    width, height = image.size
    edges = (left_top * width, left_top * height, (1 - right_bottom) * width, (1 - right_bottom) * height)
    return image.crop((round(edges[0]), round(edges[1]), round(edges[2]), round(edges[3])))


def shift(image: Image.Image, part: float) -> Image.Image:
    """Shift by a fraction of the width and of the height; what comes in is black."""
    data = (1, 0, part * image.width, 0, 1, part * image.height)
    return image.transform(image.size, Image.Transform.AFFINE, data, Image.Resampling.BILINEAR)


def crop_square(image: Image.Image) -> Image.Image:
    """Keep the left or top square of the frame."""
    return image.crop((0, 0, min(image.size), min(image.size)))


PLAIN: dict[str, Alter] = {
    "JPEG quality 40": lambda image: image,
    "rotated by 90°": lambda image: image.transpose(Image.Transpose.ROTATE_90),
    "mirrored": lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    "1.3 times as bright": lambda image: ImageEnhance.Brightness(image).enhance(1.3),
    "half the size": lambda image: image.resize((image.width // 2, image.height // 2), Image.Resampling.BILINEAR),
    "left square of the frame": crop_square,
    "12° and 10 % of each side": lambda image: crop(image.rotate(12), left_top=0.1, right_bottom=0.1),
}

CURVES: dict[str, tuple[Callable[[Image.Image, float], Image.Image], tuple[float, ...]]] = {
    "cut off each side (%)": (
        lambda image, percent: crop(image, left_top=percent / 100, right_bottom=percent / 100),
        (5, 8, 10, 12.5, 15, 20, 23, 25, 30),
    ),
    "cut off two sides (%)": (
        lambda image, percent: crop(image, left_top=percent / 100, right_bottom=0),
        (5, 10, 15, 20, 25),
    ),
    "rotated (°)": (lambda image, degrees: image.rotate(degrees, Image.Resampling.BILINEAR), (7, 12, 20, 30, 45)),
    "shifted, both ways (%)": (lambda image, percent: shift(image, percent / 100), (2.5, 5, 7.5, 10, 15, 20)),
}
"""Alterations by strength: those at which the search begins to fail, and those at which it finds nothing."""

ALTERATIONS: dict[tuple[str, float], Alter] = {(kind, 0): alter for kind, alter in PLAIN.items()} | {
    (kind, strength): partial(lambda image, alter, by: alter(image, by), alter=alter, by=strength)
    for kind, (alter, strengths) in CURVES.items()
    for strength in strengths
}

DATASETS = {
    "ham10000": (HAM10000.tables[0], "image_id", ("lesion_id",)),
    "pad_ufes_20": (PAD_UFES_20.tables[0], "img_id", ("patient_id", "lesion_id")),
}
"""The table of each dataset, its column of images, and those of what a planted copy is given a new one of."""


def plant_copies(dataset: Path, name: str, num_copies: int, seed: int) -> pd.DataFrame:
    """Write altered copies beside the images and add them to the table; return the original and kind of each.

    Returns
    -------
    table
        By the copy's name: `original`, `kind`, `strength`.
    """
    path, image_column, group_columns = DATASETS[name]
    table = pd.read_csv(dataset / path, dtype=str, keep_default_na=False)
    num_planted = min(num_copies, len(table) // len(ALTERATIONS)) * len(ALTERATIONS)
    originals = np.random.default_rng(seed).choice(len(table), num_planted, replace=False)
    files = {file.stem: file for file in dataset.rglob("*") if file.suffix in (".jpg", ".png")}
    rows, planted = [], {}
    for number, original in enumerate(originals):
        kind, strength = list(ALTERATIONS)[number % len(ALTERATIONS)]
        row, copy = table.iloc[original], f"COPY_{number:05d}"
        file = files[Path(row[image_column]).stem]
        with Image.open(file) as image:
            altered = ALTERATIONS[kind, strength](image.convert("RGB"))
        altered.save(file.with_name(copy + file.suffix), format="JPEG", quality=40 if "JPEG" in kind else 90)
        suffix = Path(row[image_column]).suffix
        rows.append(row.to_dict() | {image_column: copy + suffix} | dict.fromkeys(group_columns, copy))
        planted[copy] = {"original": Path(row[image_column]).stem, "kind": kind, "strength": strength}
    pd.concat([table, pd.DataFrame(rows)]).to_csv(dataset / path, index=False)
    return pd.DataFrame.from_dict(planted, orient="index")
