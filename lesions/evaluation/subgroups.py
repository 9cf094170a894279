"""Score a model on subgroups of the test images: by sex, age, site, source, confirmation and skin type."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lesions.evaluation.interval import Difference, Estimate, estimate_difference, estimate_score
from lesions.evaluation.proportions import measure_mean_proportions
from lesions.evaluation.significance import correct_after_holm
from lesions.tables.predictions import Predictions

Flags = NDArray[np.bool_]

AGE_BANDS = {
    "under 20": (0, 20),
    "20 to 39": (20, 40),
    "40 to 59": (40, 60),
    "60 to 79": (60, 80),
    "80 and over": (80, 200),
}
"""Years: the first age of each band, and the first age beyond it."""

ATTRIBUTES = ("sex", "age_years", "site", "source", "diagnosis_confirmation", "fitzpatrick_type")

UNKNOWN = "unknown"


@dataclass(frozen=True)
class Subgroup:
    """A model's score on the test images that have one value of an attribute.

    Attributes
    ----------
    score
        The balanced accuracy over the diagnoses in the subgroup.
    difference
        The balanced accuracy in the subgroup minus that of all other test images, over the diagnoses that both have;
        None if they share none. The p-value is corrected for all subgroups that were scored.
    """

    attribute: str
    value: str
    num_images: int
    num_groups: int
    score: Estimate
    difference: Difference | None


def score_subgroups(predictions: Predictions, *, min_groups: int, seed: int = 0) -> list[Subgroup]:
    """Score the subgroups that have at least `min_groups` groups.

    Parameters
    ----------
    predictions
        Predictions of the test images, with their metadata.
    """
    group_id, y_true = predictions.images.group_id, predictions.y_true

    def split_by_class(inside: Flags, classes: NDArray[np.int64]) -> Flags:
        return inside[:, None] & (y_true[:, None] == classes)

    chosen = []
    families = []
    for attribute, value, inside in list_values(predictions.images):
        num_groups = group_id[inside].nunique()
        if num_groups < min_groups:
            continue
        classes = np.unique(y_true[inside])
        shared = np.intersect1d(classes, y_true[~inside])
        families.append(split_by_class(inside, classes))
        if len(shared):
            families += [split_by_class(inside, shared), split_by_class(~inside, shared)]
        chosen.append((attribute, value, int(inside.sum()), num_groups, len(shared) > 0))
    recalls = measure_mean_proportions(predictions.y_pred == y_true, families, group_id, seed=seed)
    subgroups = []
    for attribute, value, num_images, num_groups, has_shared in chosen:
        score = estimate_score(next(recalls))
        difference = estimate_difference(next(recalls) - next(recalls)) if has_shared else None
        subgroups.append(Subgroup(attribute, value, num_images, num_groups, score, difference))
    compared = [subgroup.difference.p_value for subgroup in subgroups if subgroup.difference]
    corrected = iter(correct_after_holm(compared))
    return [
        replace(subgroup, difference=replace(subgroup.difference, p_holm=next(corrected)))
        if subgroup.difference
        else subgroup
        for subgroup in subgroups
    ]


def list_values(images: pd.DataFrame) -> Iterator[tuple[str, str, Flags]]:
    """Yield each attribute that has several values, each of its values, and which images (N,) have it."""
    for attribute in ATTRIBUTES:
        values = band_ages(images.age_years) if attribute == "age_years" else images[attribute]
        named = values.astype("object").where(values.notna(), UNKNOWN).astype(str)
        names = [*AGE_BANDS, UNKNOWN] if attribute == "age_years" else sorted(named.unique())
        there = [name for name in names if (named == name).any()]
        if len(there) > 1:
            for name in there:
                yield attribute, name, (named == name).to_numpy()


def band_ages(ages: pd.Series) -> pd.Series:
    """Return the age band of each age; None if the age is unknown."""
    bands = pd.Series(None, index=ages.index, dtype="object")
    for name, (start, stop) in AGE_BANDS.items():
        bands[(ages >= start) & (ages < stop)] = name
    return bands


def find_worst(subgroups: list[Subgroup]) -> Subgroup:
    """Return the subgroup with the lowest score."""
    return min(subgroups, key=lambda subgroup: subgroup.score.value)
