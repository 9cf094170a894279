"""Reading a member of an ensemble that was trained by another run."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lesions.errors import InputError
from lesions.evaluation.membership import check_membership, describe_unknown_images
from lesions.tables.classes import Classes
from lesions.tables.imported import Origin, read_about, read_images
from lesions.tables.paths import ImportedPaths
from lesions.tables.predictions import Predictions, read_logits
from lesions.tables.splits import read_all_metadata


@dataclass(frozen=True)
class ImportedMember:
    """The raw logits of a network of another run.

    Attributes
    ----------
    predictions
        For the images that the other run scores.
    prior_shift : (K,) float
        What would undo the prior of its training if it was added to the logits.
    origin
        Where it comes from.
    note
        What cannot be known of its images, in words; empty if there is nothing to say.
    """

    predictions: Predictions
    prior_shift: NDArray[np.float64]
    origin: Origin
    note: str


def read_all_images(metadata: Path, splits: Path) -> pd.DataFrame:
    """Read what decides membership, of all images of this run, dropped ones too, and their diagnosis."""
    columns = ["image_id", "source", "patient_id", "lesion_id", "diagnosis", "sha256"]
    return read_all_metadata(metadata, splits, columns)


def read_imported_member(
    paths: ImportedPaths, own: pd.DataFrame, known: Classes, *, sha256: str | None = None
) -> ImportedMember:
    """Read an imported table of logits, and check that its network may be a member.

    Parameters
    ----------
    own
        All images of this run, from `read_all_images`.
    known
        The classes of this run.
    sha256
        The hash that the parameter file gives; None right after the import.

    Raises
    ------
    InputError
        If the files are not those that were imported, if the classes differ, or as `check_membership`.
    """
    about = read_about(paths, sha256)
    if (about.classes, about.diagnoses) != (known.classes, known.diagnoses):
        raise InputError(
            f"{paths.name}: has the classes {', '.join(about.classes):.80}, and this run "
            f"{', '.join(known.classes):.80}, or they are of other diagnoses; it cannot be a member"
        )
    num_unknown = check_membership(paths.name, read_images(paths.images), own)
    note = describe_unknown_images(paths.name, num_unknown)
    return ImportedMember(read_logits(paths.logits), np.array(about.prior_shift), about.origin, note)
