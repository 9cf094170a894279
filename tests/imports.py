"""An imported table of logits, and the images of the run that imports it, in the current folder."""

from pathlib import Path

import numpy as np
import pandas as pd

from lesions.formats.sha256 import hash_file
from lesions.tables.classes import Classes, write_classes
from lesions.tables.csv_table import write_table
from lesions.tables.imported import Imported, Origin, write_about, write_images
from lesions.tables.paths import ImportedPaths
from lesions.tables.predictions import Predictions, write_logits
from lesions.tables.splits import write_splits
from tests.builders import metadata_table

CLASSES = ("melanoma", "nevus")

DIAGNOSES = (("melanoma",), ("nevus",))


def read_images(rows: tuple[str, ...]) -> pd.DataFrame:
    """Images that are written as `name group split`; each has a picture of its own."""
    images = pd.DataFrame([row.split() for row in rows], columns=["image_id", "group_id", "split"])
    return images.assign(source="clinic", patient_id="", lesion_id="", sha256=images.image_id)


def write_imported(name: str, *rows: str) -> ImportedPaths:
    """Write an imported table with logits of all these images, which are nevi."""
    paths, images = ImportedPaths(name), read_images(rows)
    paths.folder.mkdir(parents=True)
    logits = np.random.default_rng(0).normal(size=(len(images), 2)).astype(np.float32)
    write_logits(paths.logits, Predictions(images, CLASSES, np.ones(len(images), dtype=np.int64), logits))
    write_images(paths.images, images)
    hashes = hash_file(paths.logits), hash_file(paths.images)
    origin = Origin("0" * 40, "custom_cnn", "cc0-1.0")
    write_about(paths.about, Imported(origin, CLASSES, DIAGNOSES, (0.5, -0.5), *hashes))
    return paths


def write_own_images(*rows: str) -> None:
    """Write the metadata, the split and the classes of the run itself; all images are nevi."""
    images = read_images(rows)
    columns = {"image_id": images.image_id.tolist(), "sha256": images.sha256.tolist()}
    Path("data").mkdir(exist_ok=True)
    write_table(Path("data/metadata.csv"), metadata_table(["nevus"] * len(images), **columns), sort_by="image_id")
    write_splits(Path("data/splits.csv"), images)
    write_classes(Path("data/classes.json"), Classes(CLASSES, DIAGNOSES, (1, 1), (1.0, 1.0)))
