"""Age, sex and site of new images, from the table that names them."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from lesions.drift.image_set import ATTRIBUTES
from lesions.errors import InputError, quote_value
from lesions.formats.identifier import NOT_KNOWN
from lesions.serving.sources import FILE_COLUMNS, TABLE_SUFFIXES
from lesions.serving.stream import SourceFile
from lesions.tables.csv_table import read_text_table

MOST_YEARS = 120


def read_attributes(source: str, files: Sequence[SourceFile]) -> pd.DataFrame:
    """Return age in years, sex and site (N, 3) of the files that a source names; missing where not known.

    Only a table knows them, in the columns `age_years`, `sex` and `site`, with the words of `data/metadata.csv`.

    Raises
    ------
    InputError
        If an age is no number of years, or if it cannot be told which line is the header.
    """
    if not source.lower().endswith(TABLE_SUFFIXES):
        return pd.DataFrame(index=range(len(files)), columns=ATTRIBUTES, dtype=object).astype({"age_years": float})
    path = Path(source)
    cells = read_text_table(path, (), optional=(*FILE_COLUMNS, *ATTRIBUTES)).cells
    named = next(cells[name] for name in FILE_COLUMNS if name in cells)
    if list(named) != [each.file for each in files]:
        raise InputError(f"{path}: it cannot be told which line is the header; remove the lines above it")
    found = cells.reindex(columns=ATTRIBUTES, fill_value="").apply(lambda column: column.str.strip())
    found = found.apply(lambda column: column.where(~column.str.lower().isin(["", *NOT_KNOWN])))
    years = pd.to_numeric(found.age_years, errors="coerce")
    wrong = found[found.age_years.notna() & ~years.between(0, MOST_YEARS)]
    if len(wrong):
        raise InputError(
            f"{path}, line {wrong.index[0]}, column age_years: expected a number from 0 to {MOST_YEARS}, got "
            f"{quote_value(wrong.age_years.iloc[0])}"
        )
    return found.assign(age_years=years.astype(float)).reset_index(drop=True)
