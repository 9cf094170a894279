"""Compare how closely our split of whole groups reaches the given shares with scikit-learn's splitters, over seeds.

The deviation of a split is the largest difference, over diagnoses and splits, between the share that it has and the
share that was given. `folds` is StratifiedGroupKFold with 20 folds, 14 for train and 3 for each other split.
`shuffle` is GroupShuffleSplit, applied twice.

    python -m benchmarks.compare_allocations /path/to/ham10000/HAM10000_metadata.csv lesion_id dx
    python -m benchmarks.compare_allocations --rows 1000000 --patients 400000
"""

import resource
import time
import warnings
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from sklearn.model_selection import GroupShuffleSplit, StratifiedGroupKFold

from lesions.splitting.allocation import allocate_groups
from lesions.stage.failure import one_paragraph_errors
from lesions.tables.groups import build_groups, count_diagnoses
from lesions.tables.splits import SPLITS

SHARES = np.array([0.7, 0.15, 0.15])
FREQUENCIES = [0.5, 0.15, 0.1, 0.1, 0.05, 0.04, 0.03, 0.02, 0.01]
NO_COPIES = pd.DataFrame({"image_id": [], "other_image_id": []}, dtype=str)


def main(
    file: Annotated[Path | None, typer.Argument(help="A dataset's table; without one, rows are drawn.")] = None,
    patient: Annotated[str, typer.Argument(help="Column that groups.")] = "patient_id",
    diagnosis: Annotated[str, typer.Argument(help="Column of the diagnoses.")] = "diagnosis",
    num_seeds: Annotated[int, typer.Option(help="Number of splits of each kind.")] = 20,
    rows: Annotated[int, typer.Option(help="Number of rows to draw.")] = 1_000_000,
    patients: Annotated[int, typer.Option(help="Number of patients to draw; each has at least one image.")] = 400_000,
) -> None:
    """Print a table of deviations and times."""
    if file is None:
        table = draw_rows(rows, patients)
    else:
        read = pd.read_csv(file, dtype=str, keep_default_na=False, na_values=[""])
        table = pd.DataFrame({"patient_id": read[patient], "lesion_id": None, "diagnosis": read[diagnosis]})
        table["image_id"] = table.index.astype(str)
    start = time.perf_counter()
    groups = build_groups(table, NO_COPIES)
    built = time.perf_counter() - start
    splitters = {"ours": split_by_allocation}
    if file is not None:
        splitters |= {"folds": split_by_folds, "shuffle": split_by_shuffling}
    printed = Table("splitter", "median deviation", "worst deviation", "diagnoses missing", "seconds per split")
    for name, splitter in splitters.items():
        start = time.perf_counter()
        splits = [splitter(groups, table.diagnosis, seed) for seed in range(num_seeds if file else 1)]
        seconds = (time.perf_counter() - start) / len(splits)
        deviations = [measure_deviation(table.diagnosis, split) for split in splits]
        missing = sum(int((pd.crosstab(table.diagnosis, split) == 0).to_numpy().sum()) for split in splits)
        extremes = (np.median(deviations), np.max(deviations))
        printed.add_row(name, *(f"{deviation:.5f}" for deviation in extremes), str(missing), f"{seconds:.2f}")
    Console().print(printed)
    counts, gigabytes = table.diagnosis.value_counts(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(
        f"{len(table):,} images of {groups.nunique():,} groups, built in {built:.1f} s; {len(counts)} diagnoses, the "
        f"rarest with {counts.min():,} images; {gigabytes:.2f} GB at most"
    )


def draw_rows(num_rows: int, num_patients: int) -> pd.DataFrame:
    """Draw a table in which few patients have many images, and most images of a patient have the same diagnosis."""
    generator = np.random.default_rng(0)
    often = generator.gamma(0.5, 1, num_patients)
    more = generator.choice(num_patients, num_rows - num_patients, p=often / often.sum())
    patient = np.concatenate([np.arange(num_patients), more])
    usual = generator.choice(len(FREQUENCIES), num_patients, p=FREQUENCIES)
    other = generator.choice(len(FREQUENCIES), num_rows, p=FREQUENCIES)
    code = np.where(generator.random(num_rows) < 0.6, usual[patient], other)
    return pd.DataFrame(
        {
            "image_id": np.char.add("image", np.arange(num_rows).astype(str)),
            "patient_id": np.char.add("patient", patient.astype(str)),
            "lesion_id": None,
            "diagnosis": np.char.add("diagnosis", code.astype(str)),
        }
    )


def measure_deviation(diagnosis: pd.Series, split: NDArray[np.str_]) -> float:
    """Return the largest difference between a diagnosis's share in a split and the given share."""
    got = pd.crosstab(diagnosis, split, normalize="index").reindex(columns=list(SPLITS), fill_value=0.0)
    return float(np.abs(got.to_numpy() - SHARES).max())


def split_by_allocation(groups: pd.Series, diagnosis: pd.Series, seed: int) -> NDArray[np.str_]:
    """Return the split (N,) of each image."""
    counts, names, _ = count_diagnoses(groups, diagnosis)
    allocation = pd.Series(allocate_groups(counts, SHARES, seed=seed), index=names)
    return np.array(SPLITS)[allocation[groups].to_numpy()]


def split_by_folds(groups: pd.Series, diagnosis: pd.Series, seed: int) -> NDArray[np.str_]:
    """Return the split (N,) of each image."""
    splitter = StratifiedGroupKFold(20, shuffle=True, random_state=seed)
    split = np.full(len(groups), "train", dtype="<U5")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a diagnosis with fewer images than folds
        for fold, (_, images) in enumerate(splitter.split(groups, diagnosis, groups)):
            if fold < 6:
                split[images] = "val" if fold < 3 else "test"
    return split


def split_by_shuffling(groups: pd.Series, diagnosis: pd.Series, seed: int) -> NDArray[np.str_]:
    """Return the split (N,) of each image."""
    split = np.full(len(groups), "train", dtype="<U5")
    rest = np.arange(len(groups))
    for name, share in (("test", SHARES[2]), ("val", SHARES[1] / (1 - SHARES[2]))):
        splitter = GroupShuffleSplit(1, test_size=share, random_state=seed)
        ((kept, taken),) = splitter.split(rest, diagnosis.iloc[rest], groups.iloc[rest])
        split[rest[taken]] = name
        rest = rest[kept]
    return split


if __name__ == "__main__":
    with one_paragraph_errors():
        typer.run(main)
