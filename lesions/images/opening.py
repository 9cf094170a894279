"""Opening `data/images.npy`, which holds all decoded images or says where they are."""

from pathlib import Path, PurePath
from typing import Annotated, Self

import numpy as np
from pydantic import AfterValidator, Field, model_validator

from lesions.errors import InputError
from lesions.formats.sha256 import hash_file
from lesions.images.cache import read_cache
from lesions.images.shard_store import S3, ShardStore
from lesions.images.shards import INDEX_ROW, Images, ShardedImages
from lesions.parameters.section import read_section
from lesions.parameters.strict import Section
from lesions.stage.resuming import find_resume_folder

FOLDER = "shards"
"""The folder of the local copy, below `.resume/`."""


def _check_address(address: str) -> str:
    bucket = address.removeprefix(S3).partition("/")[0]
    if not (bucket if address.startswith(S3) else PurePath(address).is_absolute()) or "://" in address.removeprefix(
        S3
    ):
        raise ValueError(f"expected s3://bucket/prefix or an absolute folder, got {address!r}")
    return address.rstrip("/")


class ShardParameters(Section):
    """The section `shards`."""

    address: Annotated[str, AfterValidator(_check_address)] | None
    local_gb: Annotated[float, Field(ge=0)]

    @model_validator(mode="after")
    def _local_gb_belongs_to_an_address(self) -> Self:
        if self.address is None and self.local_gb:
            raise ValueError(f"local_gb belongs to an address; got address null, local_gb {self.local_gb:g}")
        return self

    def open_store(self) -> ShardStore | None:
        """Open the store at the address, if there is one."""
        return None if self.address is None else ShardStore(self.address)


def open_images(path: Path, params: Path) -> Images:
    """Open the images of a run, read-only.

    Parameters
    ----------
    path
        `data/images.npy`.
    params
        The parameter file, which says where the shards are if that is an index; only then it is read.

    Raises
    ------
    InputError
        If the file is missing or cut short, or if it is an index and no shard can be read.
    """
    images = read_cache(path)
    if images.dtype == np.uint8:
        return images
    if images.dtype != INDEX_ROW or images.ndim != 1:
        raise InputError(f"{path}: neither images nor an index of shards; run the stage cache_images again")
    shards = read_section(params, "shards", ShardParameters)
    store = shards.open_store()
    if store is None:
        raise InputError(
            f"{path}: an index of shards, and shards.address in {params} is null: set it to where they are"
        )
    return ShardedImages(
        path,
        images,
        store,
        folder=find_resume_folder() / FOLDER,
        key=hash_file(path)[:16],
        local_bytes=shards.local_gb * 1e9,
    )
