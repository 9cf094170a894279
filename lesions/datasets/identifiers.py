"""One spelling for each patient and each lesion, and identifiers that may be one in two spellings."""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from lesions.datasets.adapter import Adapter
from lesions.datasets.columns import Column
from lesions.datasets.similar_spellings import FOLDS, SimilarIdentifiers, fold_identifier
from lesions.errors import quote_value
from lesions.formats.identifier import normalise_identifier
from lesions.tables.groups import GROUPING_IDENTIFIERS

DATE = re.compile(
    r"\d{1,2}[-./ ]+(jan|feb|m[aä]r|apr|ma[iy]|jun|jul|aug|sep|o[ck]t|nov|de[cz])[a-z]*\.?([-./ ]+\d{2,4})?"
    r"|(jan|feb|m[aä]r|apr|ma[iy]|jun|jul|aug|sep|o[ck]t|nov|de[cz])[a-z]*\.?[-./ ]+\d{2,4}"
    r"|\d{4}-\d{2}-\d{2}([ t]00:00(:00)?)?|\d{1,2}[./]\d{1,2}[./]\d{4}",
    re.IGNORECASE,
)
"""A date as spreadsheets write it, also where it was typed as 1-2 or MAR1."""

MAX_SHOWN = 10


@dataclass(frozen=True)
class Identifiers:
    """What was found among a dataset's identifiers of one kind.

    Attributes
    ----------
    column
        The column that they are in.
    num_not_known
        The number of rows whose cell is a word for "not known".
    num_joined
        The number of identifiers that were spelled in several ways, and are now spelled in one.
    similar
        Sets of identifiers that may be one: the number of rows of each spelling.
    num_dates
        The number of identifiers that look like dates, if others do not.
    """

    column: str
    num_not_known: int
    num_joined: int
    similar: list[dict[str, int]]
    num_dates: int = 0

    def count(self, chosen: SimilarIdentifiers) -> dict[str, int]:
        """Return the counts for `metrics/data.json`, without any identifier."""
        return {
            "num_not_known_words": self.num_not_known,
            "num_joined_spellings": self.num_joined,
            "num_similar_joined": len(self.similar) if chosen == "join" else 0,
            "num_similar_kept_apart": 0 if chosen == "join" else len(self.similar),
            "num_dates": self.num_dates,
        }

    def describe(self, chosen: SimilarIdentifiers) -> list[str]:
        """Say what was found, in words, without any identifier."""
        done = {"ask": "to be decided", "join": "joined", "keep": "kept apart"}[chosen]
        counts = {
            "rows with a word for 'not known'": self.num_not_known,
            "identifiers in several spellings, which are joined": self.num_joined,
            f"sets of similar identifiers, {done} by dataset.similar_identifiers": len(self.similar),
            "identifiers that look like dates, as spreadsheets make of 1-2, beside others": self.num_dates,
        }
        return [f"{self.column}: {words}: {number}" for words, number in counts.items() if number]


def spell_word(field: str, word: str) -> str:
    """Return a word of the parameters in the spelling that the cells of its field have when they are read."""
    return normalise_identifier(word) if field in GROUPING_IDENTIFIERS else word


def unify_identifiers(
    cells: pd.DataFrame, adapter: Adapter, *, join: bool
) -> tuple[pd.DataFrame, dict[str, Identifiers]]:
    """Spell each patient and each lesion in one way, and find those that may be one.

    Parameters
    ----------
    cells : (N, ...) text
        The rows of a dataset.
    join
        Whether to give those that may be one the spelling that most rows have.

    Returns
    -------
    cells
        The rows with the new spellings, before the column translates them. What programs write for "not known" is an
        empty cell.
    found
        What was found, by field.
    """
    found = {}
    for field in GROUPING_IDENTIFIERS:
        column = adapter.columns.get(field)
        # Names of images are matched with files, and files may be called NA.
        if not isinstance(column, Column) or column.name not in cells or column.name == adapter.id_column:
            continue
        spelled = cells[column.name]
        unified = spelled.map({cell: normalise_identifier(cell) for cell in spelled.dropna().unique()})
        # Those are compared that the parameters' words make of them, without what they say is not known.
        identifier = _translate(column, unified)
        # Lesions that are numbered within a patient are compared within the patient.
        outer = pd.Series("", cells.index)
        if column.within is not None:
            outer = _translate(column.within, cells[column.within.name]).fillna("")
        is_known = (identifier.fillna("") != "") & ((outer != "") | (column.within is None))
        known = pd.DataFrame({"outer": outer, "identifier": identifier, "spelled": spelled})[is_known]
        num_spellings = known.groupby(["outer", "identifier"]).spelled.nunique()
        similar = find_similar(Counter(zip(known.outer, known.identifier, strict=True)))
        found[field] = Identifiers(
            column=column.name,
            num_not_known=int(((identifier == "") & (spelled.str.strip() != "")).sum()),
            num_joined=int((num_spellings > 1).sum()),
            similar=[
                {"/".join(filter(None, spelling)): number for spelling, number in one.items()} for one in similar
            ],
            num_dates=_count_dates(known.identifier.unique()),
        )
        if join:
            chosen, cell_of = choose_spellings(similar), dict(zip(identifier, unified, strict=True))
            pairs = zip(outer, identifier, strict=True)
            joined = [
                cell_of[chosen[pair]] if pair in chosen else cell for pair, cell in zip(pairs, unified, strict=True)
            ]
            unified = pd.Series(joined, cells.index, dtype=str)
        cells = cells.assign(**{column.name: unified})
    return cells, found


def _translate(column: Column, cells: pd.Series) -> pd.Series:
    """Return the identifier (N,) that a column reads from each cell, without `within`; empty where not known."""
    alone = replace(column, within=None)
    return cells.map({cell: alone.read({column.name: cell}) or "" for cell in cells.dropna().unique()})


def explain_similar(source: Path | str, found: Mapping[str, Identifiers]) -> str:
    """Return the message that lists identifiers that may be one, and says the two ways on.

    Parameters
    ----------
    source
        The table, or the datasets, that they are from.
    found
        What was found there, by field.
    """
    lines = []
    for field, identifiers in found.items():
        similar = identifiers.similar
        lines += [f"{len(similar)} × {identifiers.column} ({field}):"] if similar else []
        lines += [f"  {_describe_set(one)}" for one in similar[:MAX_SHOWN]]
        lines += [f"  and {len(similar) - MAX_SHOWN} others"] if len(similar) > MAX_SHOWN else []
    return "\n  ".join([f"{source}: identifiers that may be the same one in several spellings:", *lines]) + (
        "\nA patient or a lesion that counts as two can be in training and in the test at once. Correct the table, "
        "or set dataset.similar_identifiers to join if each of these sets is one, or to keep if they are different"
    )


def _count_dates(identifiers: Collection[str]) -> int:
    """Return the number of identifiers that look like dates; 0 if all do, because then they may well be dates."""
    number = sum(DATE.fullmatch(identifier) is not None for identifier in identifiers)
    return number if number < len(identifiers) else 0


def find_similar(num_rows: Mapping[tuple[str, str], int]) -> list[dict[tuple[str, str], int]]:
    """Return the sets of (outer, identifier) that may be one, with the number of rows of each."""
    sets: dict[tuple[str, str], dict[tuple[str, str], int]] = defaultdict(dict)
    for (outer, identifier), number in sorted(num_rows.items()):
        sets[outer, fold_identifier(identifier)][outer, identifier] = number
    return [one for one in sets.values() if len(one) > 1]


def choose_spellings(similar: Sequence[Mapping[tuple[str, str], int]]) -> dict[tuple[str, str], str]:
    """Return the spelling that most rows have for each (outer, identifier) of the sets of `find_similar`."""
    return {spelling: max(one, key=one.__getitem__)[1] for one in similar for spelling in one}


def _describe_set(similar: Mapping[str, int]) -> str:
    spellings = ", ".join(f"{quote_value(spelling)} ({number} rows)" for spelling, number in similar.items())
    kinds = [kind for kind in FOLDS if len({fold_identifier(spelling, but=kind) for spelling in similar}) > 1]
    return f"{spellings}: {', '.join(kinds)}"
