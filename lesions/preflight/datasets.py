"""Checking the datasets before any image is decoded: every row, every diagnosis, and whether a split is possible."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from lesions.datasets.parameters import OWN, DatasetParameters
from lesions.datasets.reading import Reading, join_readings, read_dataset
from lesions.datasets.refusals import list_reasons
from lesions.datasets.registry import build_adapter
from lesions.errors import InputError
from lesions.hardware.disk import count_bytes
from lesions.images.files import ImageFiles, describe_undecoded, find_image_files
from lesions.parameters.section import read_section
from lesions.splitting.checks import check_enough_groups
from lesions.splitting.parameters import PUBLISHED, SplitParameters
from lesions.splitting.test_list import find_listed, read_test_list
from lesions.synthetic.cohort import SyntheticParameters
from lesions.tables.groups import build_groups
from lesions.tables.index import build_index
from lesions.tables.task import MALIGNANCY, TaskParameters

SYNTHETIC_ROOT = Path("data/raw/synthetic")
NO_COPIES = pd.DataFrame(columns=["image_id", "other_image_id"], dtype=str)


@dataclass(frozen=True)
class DatasetCounts:
    """The contents of the datasets.

    Attributes
    ----------
    num_images
        Number of image files; all of them are decoded.
    num_used
        Number of images with a usable row, as far as this is known before decoding.
    largest
        The image file with the most bytes; None if the run renders the images.
    words
        The counts of each dataset, and why rows are not used, as rows of a table.
    """

    num_images: int
    num_used: int
    largest: Path | None
    words: dict[str, str]


def check_datasets(params: Path) -> DatasetCounts:
    """Read every row of the datasets as the run will, assuming that all files are complete images.

    The embedded dataset need not exist yet, because the run renders it.

    Raises
    ------
    InputError
        If anything would stop the run: a table that cannot be read, more refused rows than
        dataset.max_rejected_fraction allows, a listed diagnosis without images, a test list that names missing
        images, or a diagnosis with too few patients. The message names the first such thing.
    """
    dataset = read_section(params, "dataset", DatasetParameters)
    split = read_section(params, "split", SplitParameters)
    root = Path(dataset.root)
    if (root == SYNTHETIC_ROOT) != (dataset.all_names == ("synthetic",)):
        raise InputError(
            f"dataset.names and dataset.external are {', '.join(dataset.all_names)}, but dataset.root is {root}; "
            f"{SYNTHETIC_ROOT} is the folder of synthetic and of no other dataset"
        )
    if root == SYNTHETIC_ROOT:
        read_test_list(split)
        if split.test_list == PUBLISHED:
            raise InputError("split.test_list is published, but synthetic has no folders Test/; set it to null")
        num_images = read_section(params, "generate_synthetic", SyntheticParameters).num_images
        return DatasetCounts(num_images, num_images, None, {"images": f"{num_images:,}"})
    files = _find_files(root, dataset)
    files.check_regular(root)
    images = build_index(describe_undecoded(root, files))
    readings = [read_dataset(root, name, dataset, images=images) for name in dataset.all_names]
    for reading in readings:
        reading.check_enough_are_left(dataset.max_rejected_fraction, None)
    task = read_section(params, "task", TaskParameters)
    table, _ = join_readings(readings, dataset, by_malignancy=task.name == MALIGNANCY)
    trained = table[table.source.isin(dataset.names)]
    task.group(trained.diagnosis)
    _check_split(trained, split, root)
    words = {"images": f"{len(files.readable):,}"}
    if files.linked:
        words["links"] = files.describe_links()
    for reading in readings:
        words |= _describe(reading, table[table.source == reading.name])
    largest = max((root / file for file in files.readable), key=count_bytes)
    return DatasetCounts(len(files.readable), len(table), largest, words)


def _find_files(root: Path, dataset: DatasetParameters) -> ImageFiles:
    """Check that the tables exist, then find the image files: a missing table best explains a wrong folder."""
    for name, folder in zip(dataset.all_names, dataset.folders, strict=True):
        absent = [table for table in build_adapter(name, dataset).tables if not (root / folder / table).is_file()]
        if root.is_dir() and absent:
            raise InputError(
                f"dataset.table: there is no file {root / folder / absent[0]}"
                if name in OWN
                else f"dataset.root: {root / folder} has no {absent[0]}, which {name} has"
            )
    return find_image_files(root, dataset.folders)


def _check_split(trained: pd.DataFrame, split: SplitParameters, root: Path) -> None:
    """Refuse data that cannot be split even without copies, which can only make groups larger."""
    find_listed(trained, read_test_list(split), split.test_list)
    unit = build_groups(trained, NO_COPIES) if split.scheme == "group" else trained.image_id
    check_enough_groups(trained, unit, needed=split.num_groups_needed, metadata=root)


def _describe(reading: Reading, used: pd.DataFrame) -> dict[str, str]:
    """Return the counts of a dataset, and why rows are not used, as rows of a table."""
    counts = Counter(row["kind"] for row in reading.unused)
    num_other = len(reading.table) - len(used)
    left_out = counts["left_out"] + num_other
    words = {
        reading.name: f"{len(reading.rows.cells):,} rows: {len(used):,} used, {counts['refused']:,} refused, "
        f"{left_out:,} left out; {counts['unlisted']:,} image files that no row names"
        + (f", {counts['passed_over']:,} passed over" if counts["passed_over"] else ""),
        f"{reading.name}: diagnoses": _count_words(used.diagnosis),
    }
    refused = reading.select("refused")
    lost = [f"no image is left of the diagnosis {word!r} ({number} rows)" for word, number in reading.lost.items()]
    if refused or lost:
        words[f"{reading.name}: refused"] = "\n".join([*list_reasons(refused), *lost])
    if passed_over := reading.describe_files():
        words[f"{reading.name}: passed over"] = "\n".join(passed_over)
    return words


def _count_words(diagnoses: Sequence[str] | pd.Series) -> str:
    return ", ".join(f"{name} {number:,}" for name, number in Counter(diagnoses).most_common())
