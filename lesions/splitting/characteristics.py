"""Who is in each split: images, patients, lesions, age, sex and other attributes, beside each other."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from lesions.tables.metadata import list_subgroup_columns
from lesions.tables.splits import EXTERNAL, SPLITS

ATTRIBUTES = ("sex", "site", "fitzpatrick_type", "diagnosis", "diagnosis_confirmation", "source")

NOT_KNOWN = "not known"

QUARTILES = {"lower quartile": 0.25, "median": 0.5, "upper quartile": 0.75}


def list_characteristics(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return one row per characteristic, value and split: the number of images, or what `value` names.

    An attribute that no image has is left out, as are splits without images.

    Parameters
    ----------
    table
        The columns of `data/metadata.csv`, and the split of each image; images that are in none are not counted.
    """
    parts = {split: table[table.split == split] for split in (*SPLITS, EXTERNAL)}
    rows = [row for split, part in parts.items() if len(part) for row in _describe(split, part, table)]
    order = {key: rank for rank, key in enumerate(dict.fromkeys((r["characteristic"], r["value"]) for r in rows))}
    return sorted(rows, key=lambda row: order[row["characteristic"], row["value"]])


def _describe(split: str, part: pd.DataFrame, table: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield the rows of one split; an attribute has a row for each value that it has in any split."""
    counts: dict[str, int | float] = {"images": len(part)}
    for name, column in (("patients", "patient_id"), ("lesions", "lesion_id")):
        if table[column].notna().any():
            counts[name] = int(part[column].nunique())
    for name, number in counts.items():
        yield {"characteristic": name, "value": "", "split": split, "number": number}
    if table.age_years.notna().any():
        ages = part.age_years.dropna()
        for name, share in QUARTILES.items():
            age = float(ages.quantile(share)) if len(ages) else None
            yield {"characteristic": "age_years", "value": name, "split": split, "number": age}
        yield _count("age_years", NOT_KNOWN, split, part.age_years.isna())
    columns = {attribute: attribute for attribute in ATTRIBUTES} | list_subgroup_columns(table)
    for attribute, column in columns.items():
        for value in sorted(table[column].dropna().unique()):
            name = f"{value:g}" if isinstance(value, float) else str(value)
            yield _count(attribute, name, split, part[column] == value)
        if table[column].notna().any() and table[column].isna().any():
            yield _count(attribute, NOT_KNOWN, split, part[column].isna())


def _count(characteristic: str, value: str, split: str, chosen: pd.Series) -> dict[str, Any]:
    return {"characteristic": characteristic, "value": value, "split": split, "number": int(chosen.sum())}
