"""Checking the datasets before any image is decoded: every row, every diagnosis, and whether a split is possible."""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from lesions.datasets.joining import join_readings
from lesions.datasets.merged_words import count_merged_words, describe_merged_words
from lesions.datasets.parameters import DatasetParameters
from lesions.datasets.reading import Reading, read_dataset
from lesions.datasets.refusals import list_reasons
from lesions.datasets.registry import build_adapter
from lesions.datasets.shared_identifiers import find_shared
from lesions.errors import InputError
from lesions.hardware.disk import count_bytes
from lesions.images.files import ImageFiles, find_image_files
from lesions.images.folders import FoundFile
from lesions.images.identity import measure_files
from lesions.images.kinds import name_archive
from lesions.images.reading import find_stream, read_image_file, stream_image_files
from lesions.images.undecoded import describe_undecoded
from lesions.parameters.section import read_section
from lesions.preflight.findings import Findings
from lesions.splitting.checks import check_enough_groups
from lesions.splitting.kept import find_kept, read_kept
from lesions.splitting.parameters import PUBLISHED, SplitParameters
from lesions.splitting.test_list import describe_unused_test_folders, find_listed, read_test_list
from lesions.synthetic.cohort import SyntheticParameters
from lesions.tables.groups import GROUPING_IDENTIFIERS, build_groups
from lesions.tables.index import build_index
from lesions.tables.metadata import list_subgroup_columns
from lesions.tables.paths import SYNTHETIC_ROOT
from lesions.tables.task import TaskParameters

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
        The image file with the most bytes, or its bytes if it is in an archive; None if the run renders the images,
        or if there is none that is read.
    is_in_hdf5
        Whether any image is in an HDF5 file.
    table_bytes
        Size of the datasets' tables on disk.
    """

    num_images: int
    num_used: int
    largest: Path | bytes | None
    is_in_hdf5: bool = False
    table_bytes: int = 0


def check_datasets(params: Path, findings: Findings) -> DatasetCounts | None:
    """Read every row of the datasets as the run will, assuming that all files are complete images.

    The embedded dataset need not exist yet, because the run renders it.

    Returns
    -------
    DatasetCounts or None
        None if the images cannot be counted.
    """
    with findings.collect():
        dataset = read_section(params, "dataset", DatasetParameters)
        split = read_section(params, "split", SplitParameters)
        root = Path(dataset.root)
        if (root == SYNTHETIC_ROOT) != (dataset.all_names == ("synthetic",)):
            raise InputError(
                f"dataset.names and dataset.external are {', '.join(dataset.all_names)}, but dataset.root is {root}; "
                f"{SYNTHETIC_ROOT} is the folder of synthetic and of no other dataset"
            )
        if root == SYNTHETIC_ROOT:
            return _check_synthetic(params, split, findings)
        files = _find_files(root, dataset)
        with findings.collect():
            files.check_regular(root)
        findings.rows["images"] = f"{files.num_wanted:,}"
        if files.linked:
            findings.rows["links"] = files.describe_links()
        largest = _find_largest(root, files.to_read)
        task = read_section(params, "task", TaskParameters)
        readings = _read_datasets(root, dataset, task, files=files, findings=findings)
        num_used = sum(len(reading.table) for reading in readings)
        if len(readings) == len(dataset.all_names):
            with findings.collect():
                num_used = len(_check_use(readings, params, findings))
        is_in_hdf5 = any(file.place and name_archive(file.place.archive) == "HDF5" for file in files.to_read)
        return DatasetCounts(len(files.readable), num_used, largest, is_in_hdf5, _count_table_bytes(root, dataset))
    return None


def _count_table_bytes(root: Path, dataset: DatasetParameters) -> int:
    return sum(
        count_bytes(root / folder / table)
        for name, folder in zip(dataset.all_names, dataset.folders, strict=True)
        for table in build_adapter(name, dataset).tables
    )


def _find_largest(root: Path, files: Sequence[FoundFile]) -> Path | bytes | None:
    """Return the file with the most bytes, or its bytes if it is in an archive; None if there is none."""
    if not files:
        return None
    sizes = [size.num_bytes for size in measure_files(root, files)]
    largest = files[sizes.index(max(sizes))]
    if largest.place is None:
        return root / largest.file
    with suppress(InputError, OSError):  # the run will refuse it
        if find_stream(largest) is None:
            return read_image_file(root, largest)
        _, contents = next(stream_image_files(root, [largest]))
        return contents if isinstance(contents, bytes) else None
    return None


def _check_synthetic(params: Path, split: SplitParameters, findings: Findings) -> DatasetCounts:
    """Check what the embedded dataset is asked for."""
    read_test_list(split)
    read_kept(split)
    if split.test_list == PUBLISHED:
        raise InputError("split.test_list is published, but synthetic has no folders Test/; set it to null")
    drawn = build_adapter("synthetic", read_section(params, "dataset", DatasetParameters)).columns["diagnosis"]
    read_section(params, "task", TaskParameters).check_sides(drawn.values.values())
    num_images = read_section(params, "generate_synthetic", SyntheticParameters).num_images
    findings.rows["images"] = f"{num_images:,}"
    return DatasetCounts(num_images, num_images, None)


def _read_datasets(
    root: Path, dataset: DatasetParameters, task: TaskParameters, *, files: ImageFiles, findings: Findings
) -> list[Reading]:
    """Read each dataset, and return those of which enough rows can be used."""
    index, readings = build_index(describe_undecoded(root, files)), []
    for name in dataset.all_names:
        with findings.collect():
            reading = read_dataset(root, name, dataset, images=index)
            findings.rows |= _describe(reading)
            if notes := reading.list_notes(dataset.similar_identifiers):
                findings.rows[f"{name}: notes"] = "\n".join(notes)
            findings.doubts += list_doubts(reading)
            with findings.collect():
                reading.check_identifiers(dataset.similar_identifiers)
            # Other choices of diagnoses depend on all datasets, and are checked with them.
            if dataset.diagnoses == "all" and len(reading.table):
                with findings.collect():
                    task.check_sides(reading.table.diagnosis)
            reading.check_enough_are_left(dataset.max_rejected_fraction, None)
            readings.append(reading)
    return readings


def _check_use(readings: Sequence[Reading], params: Path, findings: Findings) -> pd.DataFrame:
    """Return the rows that the run uses, after checking that their diagnoses and groups can be split."""
    dataset = read_section(params, "dataset", DatasetParameters)
    split = read_section(params, "split", SplitParameters)
    task = read_section(params, "task", TaskParameters)
    for found in find_shared(readings, dataset):
        if found.use == "different":
            findings.doubts.append(found.describe(dataset))
        else:
            findings.rows[f"{found.first} and {found.second}: {found.field}, {found.use}"] = found.describe(dataset)
    table, _ = join_readings(readings, dataset, task)
    for name, used in table.groupby("source"):
        findings.rows[f"{name}: used"] = f"{len(used):,} images: {_count_words(used.diagnosis)}"
    for name, column in list_subgroup_columns(table).items():
        values = table[column].astype("object").where(table[column].notna(), "not known")
        findings.rows[f"subgroups: {name}"] = _count_words(values)
    if merged := describe_merged_words(count_merged_words(table)):
        findings.rows["merged words"] = "\n".join(merged)
    trained = table[table.source.isin(dataset.names)]
    with findings.collect():
        task.group(trained.diagnosis)
    is_listed = find_listed(trained, read_test_list(split), split.test_list)
    if split.test_list is not None:
        findings.rows["test images"] = f"{is_listed.sum():,} of {len(trained):,}, by split.test_list"
    elif split.keep is not None:
        kept = read_kept(split)
        num_old = int(find_kept(trained, kept, split.keep, find_folder=dataset.find_folder).notna().sum())
        findings.rows["earlier split"] = (
            f"{num_old:,} of {len(trained):,} images are among the {len(kept):,} of split.keep"
        )
    elif note := describe_unused_test_folders(trained):
        findings.rows["test images"] = note
    # Copies, which are not known yet, can only make groups larger.
    unit = build_groups(trained, NO_COPIES) if split.scheme == "group" else trained.image_id
    check_enough_groups(trained, unit, needed=split.num_groups_needed, metadata=Path(dataset.root))
    return table


def list_doubts(reading: Reading) -> list[str]:
    """Return what the identifiers of a dataset do not let anybody know."""
    num_images = len(reading.table)
    if not num_images:
        return []
    patients, lesions = (int(reading.table[name].notna().sum()) for name in GROUPING_IDENTIFIERS)
    if patients == num_images:
        return []
    if not patients and not lesions:
        return [
            f"{reading.name}: neither patients nor lesions are known: images of one patient may be on two sides of "
            "the split, and no figure can show it"
        ]
    unknown = (
        f"{num_images - patients:,} of {num_images:,} images have no patient" if patients else "no patient is known"
    )
    return [f"{reading.name}: {unknown}: images of one patient may be on two sides of the split"]


def _find_files(root: Path, dataset: DatasetParameters) -> ImageFiles:
    """Check that the tables exist, then find the image files: a missing table best explains a wrong folder."""
    for name, folder in zip(dataset.all_names, dataset.folders, strict=True):
        absent = [table for table in build_adapter(name, dataset).tables if not (root / folder / table).is_file()]
        if root.is_dir() and absent:
            raise InputError(
                f"{dataset.find_key(name)}.table: there is no file {root / folder / absent[0]}"
                if dataset.find_source(name)
                else f"dataset.root: {root / folder} has no {absent[0]}, which {name} has"
                + _find_deeper(root / folder, absent[0])
            )
    return find_image_files(root, dataset.folders)


def _find_deeper(root: Path, table: Path) -> str:
    """Say where a table lies below the root, as archives often hold everything in a folder of their own."""
    found = min(root.rglob(table.as_posix()), default=None)
    return "" if found is None else f"; there is {found}; name its folder in dataset.root, or move what is in it"


def _describe(reading: Reading) -> dict[str, str]:
    """Return the counts of a dataset, and why rows are not used, as rows of a table."""
    counts = Counter(row["kind"] for row in reading.unused)
    words = {
        f"{reading.name}: rows": f"{len(reading.rows.cells):,}: {len(reading.table):,} valid, {counts['refused']:,} "
        f"refused, {counts['left_out']:,} left out; {counts['unlisted']:,} image files that no row names"
        + (f", {counts['passed_over']:,} passed over" if counts["passed_over"] else "")
    }
    for kind, title in (("refused", "refused"), ("left_out", "left out")):
        if reasons := list_reasons(reading.select(kind)):
            words[f"{reading.name}: {title}"] = "\n".join(reasons)
    if reading.lost:
        lost = [f"{word!r} ({number} rows)" for word, number in reading.lost.items()]
        words[f"{reading.name}: no image is left of"] = ", ".join(lost)
    if passed_over := reading.describe_files():
        words[f"{reading.name}: passed over"] = "\n".join(passed_over)
    return words


def _count_words(diagnoses: Sequence[str] | pd.Series) -> str:
    return ", ".join(f"{name} {number:,}" for name, number in Counter(diagnoses).most_common())
