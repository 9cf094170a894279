"""The features of the probes, which are regressions on inputs that show no lesion."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lesions.images.shards import Images

PROBES = {
    "border_probe": "the rim of the image",
    "metadata_probe": "age, sex, site, skin type, source and the size of the image in pixels",
}
"""The inputs of each probe, in the order in which every table lists them.

No probe sees the middle of the image: if one does well, the data give the answer away.
"""

METADATA_FIELDS = ["sex", "site", "source", "fitzpatrick_type", "age_years"]
"""What the metadata probe sees of the table, apart from the size of the image, which every image has."""

CELLS = 9
"""Cells per direction: the inner 7 × 7 of 9 × 9 cells, 60 % of the area, are masked."""

CHUNK = 256
"""Number of images in memory at a time."""


def has_metadata(table: pd.DataFrame) -> bool:
    """Return whether a field of the table tells some images from others: it is known, and not the same for all."""
    return any(table[field].nunique(dropna=False) > 1 for field in METADATA_FIELDS)


def describe_metadata(table: pd.DataFrame) -> NDArray[np.float32]:
    """Return each image's age band, sex, site, source, skin type and image size as indicator features (N, F).

    The confirmation of the diagnosis is omitted: it is known only after the diagnosis, and no image shows it.
    """
    known = table[["sex", "site", "source", "fitzpatrick_type"]].astype(str)  # missing values stay missing
    known["age"] = (table.age_years // 10).astype(str)
    for size in ("width_px", "height_px"):
        known[size] = pd.qcut(table[size], 8, labels=False, duplicates="drop").astype(str)
    return pd.get_dummies(known.fillna("unknown")).to_numpy(dtype=np.float32)


def describe_borders(images: Images, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the mean colour and the standard deviation of brightness in each of the 32 outer cells, (N, 32 * 4)."""
    chunks = (rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK))
    return np.concatenate([_describe_rim(images[chunk].astype(np.float32)) for chunk in chunks])


def _describe_rim(chunk: NDArray[np.float32]) -> NDArray[np.float32]:
    grey = chunk.mean(axis=3, keepdims=True)
    channels = np.concatenate([chunk, grey, grey**2], axis=3)  # (B, H, W, 5)
    edges = np.linspace(0, chunk.shape[1], CELLS + 1).round().astype(int)
    sums = np.add.reduceat(np.add.reduceat(channels, edges[:-1], axis=1), edges[:-1], axis=2)
    means = sums / np.outer(np.diff(edges), np.diff(edges))[:, :, None]
    variation = np.sqrt((means[..., 4:] - means[..., 3:4] ** 2).clip(0))
    cells = np.concatenate([means[..., :3], variation], axis=3)
    is_rim = np.ones((CELLS, CELLS), dtype=bool)
    is_rim[1:-1, 1:-1] = False
    return cells[:, is_rim].reshape(len(chunk), -1).astype(np.float32)
