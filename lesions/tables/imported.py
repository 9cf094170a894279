"""`data/imported/<name>/`: a network's raw logits from another run, and which images that run used for what.

The folder has a copy of the logits, `images.csv` (the group, the split, the identifiers and the sha256 of every image
of the other run, also of those without logits), and `about.json`, which has the hashes of the two. The hash of
`about.json` stands in `params.yaml`, so that it pins all three files.
"""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from pydantic import TypeAdapter, ValidationError

from lesions.errors import InputError
from lesions.formats.json_file import read_json, write_json
from lesions.formats.sha256 import hash_file
from lesions.tables.csv_table import write_table
from lesions.tables.paths import ImportedPaths

IMAGE_COLUMNS = ["image_id", "group_id", "split", "source", "patient_id", "lesion_id", "sha256"]


@dataclass(frozen=True)
class Origin:
    """Where a network of another run comes from.

    Attributes
    ----------
    revision
        The hash of the commit of the other run.
    model
        The network's name there.
    weights_licence
        The licence of the weights that its training started from; None if it started from random ones.
    """

    revision: str
    model: str
    weights_licence: str | None

    def __str__(self) -> str:
        """Return the network, its commit and the licence in words."""
        licence = f", trained from weights under the licence {self.weights_licence}" if self.weights_licence else ""
        return f"{self.model} of commit {self.revision[:7]}{licence}"


@dataclass(frozen=True)
class Imported:
    """What `about.json` says.

    Attributes
    ----------
    origin
        The run and the network.
    classes
        The classes, in the order of the logits.
    diagnoses
        The diagnoses of each class.
    prior_shift
        K numbers: what would undo the prior of training if they were added to the logits.
    logits_sha256, images_sha256
        The hashes of the two tables.
    """

    origin: Origin
    classes: tuple[str, ...]
    diagnoses: tuple[tuple[str, ...], ...]
    prior_shift: tuple[float, ...]
    logits_sha256: str
    images_sha256: str


_IMPORTED = TypeAdapter(Imported)


def write_about(path: Path, imported: Imported) -> None:
    """Write `about.json`."""
    write_json(path, _IMPORTED.dump_python(imported, mode="json"))


def read_about(paths: ImportedPaths, sha256: str | None = None) -> Imported:
    """Read `about.json`, and check that all three files are those that were imported.

    Parameters
    ----------
    sha256
        The hash that `about.json` must have, from the parameter file; None right after the import.

    Raises
    ------
    InputError
        If a file is missing or is another one.
    """
    for path in (paths.about, paths.logits, paths.images):
        if not path.is_file():
            raise InputError(
                f"{path}: there is no such file; `dvc pull {paths.folder}` or `dvc checkout {paths.folder}` brings "
                "it back, or import it again with `lesions import-logits`"
            )
    if sha256 is not None and hash_file(paths.about) != sha256:
        raise InputError(
            f"{paths.about}: does not have the sha256 that the parameters give for imported.{paths.name}; import it "
            "again with `lesions import-logits`"
        )
    try:
        about = _IMPORTED.validate_python(read_json(paths.about))
    except ValidationError as error:
        raise InputError(f"{paths.about}: not what `lesions import-logits` writes") from error
    for path, expected in ((paths.logits, about.logits_sha256), (paths.images, about.images_sha256)):
        if hash_file(path) != expected:
            raise InputError(f"{path}: has changed since it was imported; `dvc checkout {paths.folder}` restores it")
    return about


def write_images(path: Path, images: pd.DataFrame) -> None:
    """Write `images.csv`, sorted by image."""
    write_table(path, images[IMAGE_COLUMNS], sort_by="image_id")


def read_images(path: Path) -> pd.DataFrame:
    """Read `images.csv`, every cell as text."""
    return pd.read_csv(path, dtype=str, keep_default_na=False)
