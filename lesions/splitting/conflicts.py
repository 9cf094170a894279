"""Copies of one picture that have different diagnoses: at least one of the diagnoses is wrong."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lesions.errors import InputError
from lesions.tables.groups import find_conflicting

MAX_LISTED = 15
"""Pairs of diagnoses that are listed."""


def count_conflicts(table: pd.DataFrame) -> dict[str, Any]:
    """Count the images that have a copy with another diagnosis, by their diagnosis, and the pairs of such images.

    Parameters
    ----------
    table : (N, ...)
        With `diagnosis` and `picture_id`.

    Returns
    -------
    dict
        `num_conflicting_images`; `conflicting_images`, for each diagnosis that has any, `num_conflicting` of its
        `num_images`; `conflicting_pairs`, for each diagnosis and each that comes after it in the alphabet, the number
        of pairs of images that show the same picture.
    """
    conflicting = table[find_conflicting(table.diagnosis, table.picture_id)]
    totals = table.diagnosis.value_counts()
    by_picture = pd.crosstab(conflicting.picture_id, conflicting.diagnosis)
    pairs = by_picture.to_numpy().T @ by_picture.to_numpy()  # (K, K)
    names = [str(name) for name in by_picture.columns]
    of_pairs: dict[str, dict[str, int]] = {}
    for first, second in np.argwhere(np.triu(pairs, k=1)):
        of_pairs.setdefault(names[first], {})[names[second]] = int(pairs[first, second])
    return {
        "num_conflicting_images": len(conflicting),
        "conflicting_images": {
            name: {"num_conflicting": int(number), "num_images": int(totals[name])}
            for name, number in zip(names, by_picture.sum(), strict=True)
        },
        "conflicting_pairs": of_pairs,
    }


def list_conflicting_pairs(conflicting_pairs: Mapping[str, Mapping[str, int]]) -> list[str]:
    """Return the pairs of diagnoses that copies have, the most frequent first: `melanoma ↔ nevus: 80 pairs`."""
    flat = [(first, second, number) for first, of in conflicting_pairs.items() for second, number in of.items()]
    flat.sort(key=lambda pair: -pair[2])
    lines = [
        f"{first} ↔ {second}: {number:,} pair{'s' if number > 1 else ''}"
        for first, second, number in flat[:MAX_LISTED]
    ]
    return [*lines, *([f"and {len(flat) - MAX_LISTED} other pairs of diagnoses"] if len(flat) > MAX_LISTED else [])]


def list_conflicting_diagnoses(conflicting_images: Mapping[str, Mapping[str, int]]) -> list[str]:
    """Return how many images of each diagnosis a copy contradicts, the largest share first: `78 of 80 nevus`."""
    shares = sorted(conflicting_images.items(), key=lambda item: -item[1]["num_conflicting"] / item[1]["num_images"])
    return [f"{of['num_conflicting']:,} of {of['num_images']:,} {name}" for name, of in shares]


def check_few_conflict(table: pd.DataFrame, allowed: float, *, metadata: Path, copies: Path) -> None:
    """Raise InputError if copies contradict each other in more images than a fraction `allowed`.

    Parameters
    ----------
    table : (N, ...)
        With `diagnosis` and `picture_id`.
    metadata, copies
        The tables of images and of pairs, which the error names.
    """
    counts = count_conflicts(table)
    number = counts["num_conflicting_images"]
    if number <= allowed * len(table):
        return
    heading = (
        f"{metadata}: {number:,} of {len(table):,} images ({number / len(table):.1%}) have a copy with another "
        f"diagnosis; split.max_conflicting_fraction is {allowed:g}:"
    )
    listed = [
        *list_conflicting_pairs(counts["conflicting_pairs"]),
        *list_conflicting_diagnoses(counts["conflicting_images"]),
    ]
    raise InputError(
        "\n  ".join([heading, *listed])
        + f"\nOf two copies at least one has a wrong diagnosis. {copies} lists them, and "
        "data/pictures/near_duplicates.png shows some. Correct the table; or, if they are not copies, raise "
        "near_duplicates.min_correlation; or raise split.max_conflicting_fraction, and all of these images are then "
        "left out or kept, as split.conflicting_copies says"
    )
