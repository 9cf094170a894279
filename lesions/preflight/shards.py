"""Checking what the decoded images take, in one array or in shards."""

from pathlib import Path

from lesions.hardware.disk import check_room, find_existing
from lesions.images.decode import DecodingParameters
from lesions.images.local_copy import count_kept
from lesions.images.opening import FOLDER, ShardParameters
from lesions.images.shards import INDEX_ROW
from lesions.parameters.section import read_section
from lesions.stage.resuming import find_resume_folder


def check_shards(params: Path, num_images: int) -> dict[str, str]:
    """Return what shards take where they are and on this machine, in words; nothing if there are none.

    Raises
    ------
    InputError
        If a package or credentials are missing, or if the disk has no room for the local copy.
    """
    shards = read_section(params, "shards", ShardParameters)
    if shards.open_store() is None:
        return {}
    image_bytes, copy = _count_image_bytes(params), find_resume_folder() / FOLDER
    local_bytes = min(int(shards.local_gb * 1e9), num_images * image_bytes)
    lacking = max(0, local_bytes - count_kept(copy) * image_bytes)
    check_room(find_existing(copy), lacking, "the local copy of images in shards", advice="lower shards.local_gb")
    return {
        "shards": f"{num_images * image_bytes / 1e6:,.0f} MB in {shards.address}",
        "disk of shards": f"up to {local_bytes / 1e6:,.0f} MB in {copy}, of images that were read",
    }


def count_row_bytes(params: Path) -> int:
    """Return the number of bytes per image in `data/images.npy`."""
    return INDEX_ROW.itemsize if _has_shards(params) else _count_image_bytes(params)


def count_mapped_bytes(params: Path) -> int:
    """Return the number of bytes per image that are memory of a stage as pages of `data/images.npy`."""
    return 0 if _has_shards(params) else _count_image_bytes(params)


def _count_image_bytes(params: Path) -> int:
    return 3 * read_section(params, "cache_images", DecodingParameters).size_px ** 2


def _has_shards(params: Path) -> bool:
    return read_section(params, "shards", ShardParameters).address is not None
