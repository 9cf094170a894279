"""Rows of a dataset's table that are not used, and saying why."""

from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd

from lesions.formats.table import write_table

REJECTED_COLUMNS = ["source", "line", "image_id", "column", "value", "kind", "reason"]
"""`source` is the dataset; `line` counts its table's lines from 1, its header being line 1, or, where folders say the
diagnosis, its image files. `kind` is refused, where the row cannot be used, left_out, where nothing is wrong, or
unlisted, where there is a file and no row."""


class RefusedError(Exception):
    """A row of the table cannot be used: which column, which value, and why."""

    kind = "refused"

    def __init__(self, column: str, value: Any, reason: str) -> None:
        super().__init__(column, value, reason)
        self.details = {"column": column, "value": value, "kind": self.kind, "reason": reason}


class LeftOutError(RefusedError):
    """A row of the table is not used, though nothing is wrong with it."""

    kind = "left_out"


def list_reasons(refusals: list[dict[str, Any]]) -> list[str]:
    """Say on one screen why rows were refused: each reason once, the most frequent first."""
    reasons = Counter((refusal["column"], refusal["reason"]) for refusal in refusals)
    examples = {(refusal["column"], refusal["reason"]): refusal for refusal in reversed(refusals)}
    lines = [
        f"{count} × {column}: {reason} (first: line {examples[column, reason]['line']}, "
        f"value {examples[column, reason]['value']!r})"
        for (column, reason), count in reasons.most_common(15)
    ]
    if len(reasons) > len(lines):
        lines.append(f"and {len(reasons) - len(lines)} other reasons")
    return lines


def write_rejected(path: Path, unused: list[dict[str, Any]]) -> None:
    """Write `data/rejected.csv`: what is not used, by line, and last the files that have none."""
    table = pd.DataFrame(unused, columns=REJECTED_COLUMNS).astype({"line": "Int64"})
    write_table(path, table, sort_by="line")


def explain(
    refusals: list[dict[str, Any]], num_rows: int, source: Path, rejected: Path | None, allowed: float
) -> str:
    """Say why too many rows were refused; `rejected` is the table that lists them, if there is one."""
    heading = f"{source}: {len(refusals)} of {num_rows} rows refused, dataset.max_rejected_fraction is {allowed:g}:"
    return "\n  ".join([heading, *list_reasons(refusals)]) + (
        f"\n{'' if rejected is None else f'all of them are in {rejected}; '}mend the table or the images, "
        "or raise dataset.max_rejected_fraction to go on without those rows"
    )
