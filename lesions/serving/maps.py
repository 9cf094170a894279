"""Drawing which places of an image speak for its diagnosis."""

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lesions.formats.atomic import atomic_path
from lesions.serving.numbered_files import name_numbered

MAX_NAME = 80

STRONGEST = 0.6
"""How much of the colour of the map is in the place that speaks most for the diagnosis."""

COLOUR = np.array([255, 220, 0], np.float32)


def draw_overlay(pixels: NDArray[np.uint8], activation: NDArray[np.float32]) -> Image.Image:
    """Draw a map over an image: what is yellow speaks for the diagnosis, and what is as it was does not.

    What speaks against the diagnosis is left as it is.

    Parameters
    ----------
    pixels : (S, S, 3) uint8
    activation : (H, W) float32
    """
    enlarged = Image.fromarray(scale_map(activation)).resize(pixels.shape[1::-1], Image.Resampling.BILINEAR)
    weight = STRONGEST * np.clip(np.asarray(enlarged), 0, 1)[..., np.newaxis]
    return Image.fromarray(np.round((1 - weight) * pixels + weight * COLOUR).astype(np.uint8))


def scale_map(activation: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a map (H, W) divided by its largest value; what speaks against the diagnosis, below zero, becomes 0."""
    positive = np.clip(np.nan_to_num(activation), 0, None)
    return (positive / (float(positive.max()) or 1.0)).astype(np.float32)


def name_overlay(position: int, file: str) -> str:
    """Return the name of an overlay: the number of its row, from 1, and what is harmless in the name of its file."""
    stem = re.sub(r"[^\w.-]+", "_", Path(file).stem, flags=re.ASCII)[:MAX_NAME]
    return name_numbered(position, f"-{stem}.png")


def write_overlay(path: Path, overlay: Image.Image) -> None:
    """Write an overlay as PNG."""
    with atomic_path(path) as temporary:
        overlay.save(temporary, format="PNG")
