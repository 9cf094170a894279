"""Patients and lesions whose identifiers are in two datasets: the same people, or others with the same number."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import pandas as pd

from lesions.datasets.identifiers import Identifiers, choose_spellings, explain_similar, find_similar
from lesions.datasets.parameters import DatasetParameters
from lesions.datasets.reading import Reading
from lesions.datasets.similar_spellings import fold_identifier
from lesions.errors import InputError
from lesions.tables.groups import GROUPING_IDENTIFIERS

Use = Literal["same", "kept apart", "different"]
"""What identifiers that are in two datasets count as; those that are kept apart are similar, and not the same."""


@dataclass(frozen=True)
class Shared:
    """Identifiers of one kind that are in two datasets, in one spelling or in similar ones.

    Attributes
    ----------
    field
        The kind: `patient_id` or `lesion_id`.
    first, second
        The datasets' names.
    number
        How many there are.
    use
        What they count as.
    """

    field: str
    first: str
    second: str
    number: int
    use: Use

    def describe(self, parameters: DatasetParameters) -> str:
        """Say how many there are and what they count as, without any identifier."""
        things = f"{self.field.removesuffix('_id')}s"
        found = f"{self.first} and {self.second}: {self.number:,} {things} have an identifier that is in both"
        own = [name for name in (self.second, self.first) if name in parameters.own_names]
        if self.use == "same":
            return f"{found}, and count as the same ({'same_patients_as' if own else 'they are numbered together'})"
        if self.use == "kept apart":
            return f"{found} in another spelling, and are kept apart by dataset.similar_identifiers"
        remedy = "describe one of the two in dataset.sources, with same_patients_as"
        if own:
            other = self.first if own[0] == self.second else self.second
            remedy = f"set same_patients_as: {other} in {parameters.find_key(own[0])} ({own[0]})"
        return (
            f"{found}, or a similar one, and count as different {things}, which may be on two sides of the split; if "
            f"they are the same, {remedy}"
        )


def find_shared(readings: Sequence[Reading], parameters: DatasetParameters) -> list[Shared]:
    """Return the identifiers that are in two datasets."""
    found = []
    for first, second in combinations(readings, 2):
        numberings = [parameters.find_numbering(one.name) for one in (first, second)]
        for field in GROUPING_IDENTIFIERS:
            spelled = [
                _list_identifiers(one.table, field, numbering)
                for one, numbering in zip((first, second), numberings, strict=True)
            ]
            folded = [{*map(fold_identifier, one)} for one in spelled]
            num_similar, num_equal = len(folded[0] & folded[1]), len({*map(fold_identifier, spelled[0] & spelled[1])})
            numbers: dict[Use, int] = {"different": num_similar}
            if numberings[0] == numberings[1]:
                keep = parameters.similar_identifiers == "keep"
                num_same = num_equal if keep else num_similar
                numbers = {"same": num_same, "kept apart": num_similar - num_same}
            found += [
                Shared(field, first.name, second.name, number, use) for use, number in numbers.items() if number
            ]
    return found


def _list_identifiers(table: pd.DataFrame, field: str, numbering: str) -> set[str]:
    """Return the identifiers of a dataset, without the folder in front of them."""
    return set() if table.empty else {one.removeprefix(f"{numbering}/") for one in table[field].dropna().unique()}


def unify_shared(table: pd.DataFrame, parameters: DatasetParameters) -> pd.DataFrame:
    """Spell each patient and each lesion in one way in all datasets that have the same patients.

    Parameters
    ----------
    table : (N, ...)
        The images of all datasets; within each, identifiers are spelled in one way.

    Raises
    ------
    InputError
        If identifiers may be one in two spellings, and `dataset.similar_identifiers` is ask.
    """
    if parameters.similar_identifiers == "keep":
        return table
    datasets = defaultdict(list)
    for name in parameters.all_names:
        datasets[parameters.find_numbering(name)].append(name)
    for names in datasets.values():
        rows = table.source.isin(names)
        for field in GROUPING_IDENTIFIERS if len(names) > 1 else ():
            spelled = table.loc[rows, field]
            similar = find_similar(Counter(("", one) for one in spelled.dropna()))
            if similar and parameters.similar_identifiers == "ask":
                listed = [{identifier: number for (_, identifier), number in one.items()} for one in similar]
                raise InputError(explain_similar(" and ".join(names), {field: Identifiers(field, 0, 0, listed)}))
            chosen = {identifier: one for (_, identifier), one in choose_spellings(similar).items()}
            table.loc[rows, field] = spelled.replace(chosen)
    return table
