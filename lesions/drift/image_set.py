"""A set of images with all that is compared: what was measured of each, and what a table says of it."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lesions.drift.comparison import Values
from lesions.drift.pixels import measure_pixels
from lesions.errors import InputError
from lesions.formats.sha256 import hash_file
from lesions.formats.spelling import fold_spelling
from lesions.images.decode import DecodedImage
from lesions.images.opening import open_images
from lesions.serving.answers import REFUSED, UNLIKE
from lesions.serving.model import Model
from lesions.serving.stream import SourceFile, count_in_batch, read_decoded
from lesions.stage.progress import show_progress
from lesions.tables.splits import read_split_metadata

EMBEDDING = "embedding"

PROPERTIES = {
    EMBEDDING: "what the network sees (embedding)",
    "likeness": "whether it is like the training images",
    "predicted": "predicted class",
    "brightness": "brightness",
    "contrast": "contrast",
    "saturation": "saturation",
    "sharpness": "sharpness",
    "width_px": "width in px",
    "height_px": "height in px",
    "age_years": "age in years",
    "sex": "sex",
    "site": "site",
}
"""What is compared, in words; the last three are known only from a table."""

ATTRIBUTES = ("age_years", "sex", "site")

LIKE_TRAINING, UNLIKE_TRAINING = "like", "not like"

REFERENCE_SPLIT = "val"
"""The split that new images are compared with: the network has not learned from its images."""


@dataclass(frozen=True)
class ImageSet:
    """Images and their properties.

    Attributes
    ----------
    table : (N, ...)
        `file`, `group_id`, `score` (how unlike the training images), and the columns of `PROPERTIES` but the first.
    embeddings : (N, F) float32
    refused
        The files that could not be read, each with the reason.
    """

    table: pd.DataFrame
    embeddings: NDArray[np.float32]
    refused: Mapping[str, str]

    def list_values(self) -> dict[str, Values]:
        """Return the values of each property."""
        columns: dict[str, pd.Series | NDArray[np.float64]] = {
            name: self.table[name] for name in PROPERTIES if name != EMBEDDING
        }
        columns = {EMBEDDING: self.embeddings.astype(np.float64), **columns}
        return {name: Values(values, self.table.group_id) for name, values in columns.items()}


def measure_reference(folder: Path, model: Model) -> ImageSet:
    """Measure the validation images of the run that made a model.

    Parameters
    ----------
    folder
        Its `data/`; beside it is its `params.yaml`, which says where its images are if they are in shards.

    Raises
    ------
    InputError
        If a file is missing, or is not the one that the model was made from.
    """
    paths = {name: folder / name for name in ("images.npy", "metadata.csv", "splits.csv")}
    for name, path in paths.items():
        if not path.is_file():
            raise InputError(
                f"{path}: there is no such file; new images are compared with those of the run that made the model: "
                "name its folder data by --reference"
            )
        if hash_file(path) != model.manifest.hashes.data.get(name):
            raise InputError(
                f"{path}: is not the one that {model.id} was made from; name the folder data of its run by "
                "--reference, or export the model again"
            )
    metadata = read_split_metadata(paths["metadata.csv"], paths["splits.csv"])
    used = metadata[metadata.split == REFERENCE_SPLIT].reset_index(drop=True)
    images = open_images(paths["images.npy"], folder.parent / "params.yaml")
    size = count_in_batch(model.manifest)
    starts = range(0, len(used), size)
    rows = used["row"].to_numpy(np.int64)
    batches = ((start, np.asarray(images[rows[start : start + size]])) for start in starts)
    measured = [
        _measure_batch(model, [f"row {row}" for row in rows[start : start + size]], batch)
        for start, batch in show_progress(batches, "images of the run", total=len(starts))
    ]
    columns = used[["group_id", "width_px", "height_px", *ATTRIBUTES]]
    return _join(measured, columns, {})


def measure_files(
    files: Sequence[SourceFile], attributes: pd.DataFrame, model: Model, *, num_workers: int
) -> ImageSet:
    """Measure image files; an image without a group is one of its own.

    Parameters
    ----------
    attributes : (N, 3)
        Age, sex and site of each file; missing where not known.

    Raises
    ------
    InputError
        If no file can be read as an image.
    """
    size = count_in_batch(model.manifest)
    starts = range(0, len(files), size)
    refused: dict[str, str] = {}
    measured, sizes, kept = [], [], []
    with ThreadPoolExecutor(num_workers) as threads:
        for start in show_progress(starts, "new images", total=len(starts)):
            batch = files[start : start + size]
            paths = [each.path for each in batch]
            decoded = list(threads.map(read_decoded, paths, [model.manifest.decoding] * len(batch)))
            refused |= {one.file: each for one, each in zip(batch, decoded, strict=True) if isinstance(each, str)}
            good = [(start + at, each) for at, each in enumerate(decoded) if isinstance(each, DecodedImage)]
            if good:
                pixels = np.stack([each.pixels for _, each in good])
                measured.append(_measure_batch(model, [files[at].file for at, _ in good], pixels))
                sizes += [(each.width_px, each.height_px) for _, each in good]
                kept += [at for at, _ in good]
    if not kept:
        file, reason = next(iter(refused.items()))
        raise InputError(f"none of {len(files):,} files can be read as an image; {file}: {reason}")
    columns = attributes.iloc[kept].reset_index(drop=True)
    columns[["width_px", "height_px"]] = sizes
    columns["group_id"] = [files[at].group or f"\0{at}" for at in kept]
    return _join(measured, columns, refused)


def _measure_batch(
    model: Model, files: Sequence[str], pixels: NDArray[np.uint8]
) -> tuple[pd.DataFrame, NDArray[np.float32]]:
    """Return what is measured of images (B, S, S, 3), and their embeddings (B, F)."""
    outputs, rules = model.embed_batch(pixels), model.build_rules()
    assert outputs.embeddings is not None
    answers = [rules.answer(file, numbers) for file, numbers in zip(files, outputs.numbers, strict=True)]
    table = pd.DataFrame(
        {
            "file": files,
            "score": [answer.out_of_distribution for answer in answers],
            "likeness": [UNLIKE_TRAINING if answer.status == UNLIKE else LIKE_TRAINING for answer in answers],
            "predicted": [answer.diagnosis for answer in answers],
            "reason": [answer.reason if answer.status == REFUSED else None for answer in answers],
            **measure_pixels(pixels),
        }
    )
    return table, outputs.embeddings


def _join(
    measured: Iterable[tuple[pd.DataFrame, NDArray[np.float32]]], columns: pd.DataFrame, refused: Mapping[str, str]
) -> ImageSet:
    """Return all batches as one set, without the images of which the network's numbers are not finite.

    Raises
    ------
    InputError
        If none is left.
    """
    tables, embeddings = zip(*measured, strict=True)
    table = pd.concat([pd.concat(tables, ignore_index=True), columns], axis=1)
    # Both sides are words that people typed.
    table[["sex", "site"]] = table[["sex", "site"]].map(fold_spelling, na_action="ignore")
    joined, is_refused = np.concatenate(embeddings), table.reason.notna()
    broken = dict(zip(table.file[is_refused], table.reason[is_refused], strict=True))
    if is_refused.all():
        file, reason = next(iter(broken.items()))
        raise InputError(f"none of {len(table):,} images can be compared; {file}: {reason}")
    return ImageSet(
        table[~is_refused].drop(columns="reason").reset_index(drop=True),
        joined[~is_refused.to_numpy()],
        {**refused, **broken},
    )
