"""Images in shards, as cache_images writes them."""

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lesions.formats.atomic import write_text
from lesions.images.cache import write_cache
from lesions.images.opening import open_images
from lesions.images.shard_store import ShardStore
from lesions.images.shards import INDEX_ROW, Images, ShardWriter

IN_SHARD = 8


def draw_images(num_images: int = 20, size_px: int = 8) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (num_images, size_px, size_px, 3), dtype=np.uint8)


def write_shards(folder: Path, images: NDArray[np.uint8], address: str) -> Path:
    """Write images in shards of 8 and return their index."""
    index = folder / "images.npy"
    store = ShardStore(address)
    with write_cache(index, len(images), INDEX_ROW) as cache:
        writer = ShardWriter(store, cache)
        for first in range(0, len(images), IN_SHARD):
            part = images[first : first + IN_SHARD]
            writer.write(range(first, first + len(part)), part)
    return index


def open_shards(index: Path, address: str | None, *, local_gb: float = 0) -> Images:
    """Open the images of an index; a parameter file is written beside it, also by several processes at once."""
    params = index.with_name(f"{local_gb}.yaml")
    write_text(params, json.dumps({"shards": {"address": address, "local_gb": local_gb}}))
    return open_images(index, params)
