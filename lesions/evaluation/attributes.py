"""The attributes by which the images of a test set are parted into subgroups."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lesions.tables.metadata import list_subgroup_columns

Flags = NDArray[np.bool_]

AttributeValue = tuple[str, str, Flags]
"""An attribute, its value, and which images have it."""

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


def list_values(images: pd.DataFrame) -> Iterator[AttributeValue]:
    """Yield each attribute that has several values, each of its values, and which images (N,) have it.

    Subgroups of one's own follow the attributes that every dataset may have.
    """
    columns = {attribute: attribute for attribute in ATTRIBUTES} | list_subgroup_columns(images)
    for attribute, column in columns.items():
        values = band_ages(images.age_years) if attribute == "age_years" else images[column]
        # Whole numbers among missing values are read as 2.0.
        named = values.convert_dtypes().astype("object").where(values.notna(), UNKNOWN).astype(str)
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
