"""Images in shards: `data/images.npy` is then their index, which says where each image is, and its sha256."""

from collections import defaultdict
from collections.abc import Sequence
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any, SupportsIndex, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lesions.errors import InputError
from lesions.images.cache import CacheWriter
from lesions.images.local_copy import LocalCopy
from lesions.images.shard_store import ShardStore

INDEX_ROW = np.dtype([("shard", "V32"), ("image", "V32"), ("begin", "<u8")])
"""A row of the index: the sha256 of a shard, that of an image in it, and the byte at which the image begins.

A shard is the `.npy` file of some images, (n, size_px, size_px, 3) uint8, and its sha256 is its name: a run that
writes other images leaves the shards of earlier ones as they are.
"""

HEADER_BYTES = 128
"""Bytes of a shard before its first image."""


class ShardWriter:
    """Writes images into shards, from any thread, and where each of them is into an index.

    Parameters
    ----------
    store
        Where the shards are written.
    index
        Writes the index, whose rows are those of the images.
    """

    def __init__(self, store: ShardStore, index: CacheWriter) -> None:
        self._store = store
        self._index = index
        self.keep = index.keep

    def write(self, rows: Sequence[int], images: NDArray[np.uint8]) -> NDArray[Any]:
        """Write images (n, size_px, size_px, 3) as one shard, and then their rows of the index, which are returned.

        A process that is killed in between leaves a shard that the next one writes again.
        """
        spelt = BytesIO()
        np.save(spelt, images)
        data = spelt.getvalue()
        shard = sha256(data)
        index = np.zeros(len(images), INDEX_ROW)
        index["shard"] = shard.digest()
        index["image"] = [sha256(image).digest() for image in images]
        index["begin"] = len(data) - images.nbytes + np.arange(len(images)) * images[0].nbytes
        self._store.write(_name_shard(shard.digest()), data)
        return self._index.write(rows, index)


class ShardedImages:
    """All images (N, size_px, size_px, 3) uint8, each of which is read when it is asked for.

    Each is compared with its sha256 whenever it is read, from its shard or from the local copy.

    Parameters
    ----------
    path
        The index.
    index : (N,) INDEX_ROW
        Its rows.
    store
        Where the shards are.
    folder
        Where images that were read are kept.
    local_bytes
        The bytes that they may take there.

    Raises
    ------
    InputError
        If there are no images, or if the first shard cannot be read.
    """

    def __init__(
        self, path: Path, index: NDArray[Any], store: ShardStore, *, folder: Path, key: str, local_bytes: float
    ) -> None:
        if not len(index):
            raise InputError(f"{path}: has no images")
        self._path = path
        self._index = index
        self._store = store
        self.shape = (len(index), *_read_shape(store, _name_shard(index[0]["shard"])))
        self._image_bytes = int(np.prod(self.shape[1:]))
        self.nbytes = len(index) * self._image_bytes
        self._local = LocalCopy(
            folder, key, num_images=len(index), num_bytes=self._image_bytes, most_bytes=local_bytes
        )

    def __len__(self) -> int:
        return len(self._index)

    def __getitem__(self, key: SupportsIndex | slice | NDArray[np.integer[Any]]) -> NDArray[np.uint8]:
        """Return an image (H, W, 3), or the images (n, H, W, 3) of a slice or of rows (n,), in memory."""
        if isinstance(key, slice):
            return self._read(np.arange(*key.indices(len(self))))
        if isinstance(key, np.ndarray):
            return self._read(key.astype(np.int64))
        return self._read(np.array([range(len(self))[key]]))[0]

    def _read(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        images = np.empty((len(rows), *self.shape[1:]), np.uint8)
        away: dict[int, list[int]] = defaultdict(list)  # by row, the places in `images`
        is_local = self._local.has(rows)
        for place, row in enumerate(rows.tolist()):
            if not (is_local[place] and self._read_local(row, images[place])):
                away[row].append(place)
        fetched = self._fetch(list(away)) if away else {}
        for row, data in fetched.items():
            images[away[row]] = np.frombuffer(data, np.uint8).reshape(self.shape[1:])
        self._local.keep(fetched)
        return images

    def _read_local(self, row: int, image: NDArray[np.uint8]) -> bool:
        """Read an image from the local copy, and return whether it is right there."""
        data = self._local.read(row)
        if not self._is_right(row, data):
            self._local.forget(row)
            return False
        image[...] = np.frombuffer(data, np.uint8).reshape(image.shape)
        return True

    def _fetch(self, rows: Sequence[int]) -> dict[int, Any]:
        """Return the bytes of images, by their rows, from the shards."""
        of_shard: dict[str, list[int]] = defaultdict(list)
        for row in sorted(rows, key=lambda row: int(self._index["begin"][row])):
            of_shard[_name_shard(self._index["shard"][row])].append(row)
        wanted = {name: self._index["begin"][group].tolist() for name, group in of_shard.items()}
        read = self._store.read(wanted, self._image_bytes)
        fetched: dict[int, Any] = {}
        for name, group in of_shard.items():
            for row, data in zip(group, read[name], strict=True):
                if not self._is_right(row, data):
                    raise InputError(
                        f"{self._store.address}/{name}: truncated or changed since cache_images wrote it: the image "
                        f"in row {row} of {self._path} has another sha256; `dvc repro --force --single-item "
                        "cache_images` writes it again"
                    )
                fetched[row] = data
        return fetched

    def _is_right(self, row: int, data: Any) -> bool:
        return sha256(data).digest() == bytes(self._index["image"][row])


Images: TypeAlias = NDArray[np.uint8] | ShardedImages
"""All decoded images, (N, size_px, size_px, 3) uint8: an array, or what yields one for some rows."""


def _name_shard(digest: Any) -> str:
    return f"{bytes(digest).hex()}.npy"


def _read_shape(store: ShardStore, name: str) -> tuple[int, int, int]:
    """Return the shape of the images in a shard."""
    (head,) = store.read({name: [0]}, HEADER_BYTES)[name]
    try:
        file = BytesIO(bytes(head))
        np.lib.format.read_magic(file)
        (_, *shape), is_transposed, dtype = np.lib.format.read_array_header_1_0(file)
        height, width, channels = shape
        if (dtype, channels, is_transposed) != (np.dtype(np.uint8), 3, False) or height != width:
            raise ValueError(f"images of shape {shape}, {dtype}")
    except (ValueError, SyntaxError, EOFError) as error:
        raise InputError(f"{store.address}/{name}: not a shard of images ({error})") from error
    return height, width, channels
