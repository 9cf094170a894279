"""The rows of a dataset's table that are not used, and why."""

from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd

from lesions.formats.table import write_table

REJECTED_COLUMNS = ["source", "line", "image_id", "column", "value", "kind", "reason"]
"""`source` is the dataset. `line` is the line in its table, the header being line 1, or, where folders are diagnoses,
the number of the image file. `kind` is refused (the row cannot be used), left_out (not used, though nothing is wrong
with it), passed_over (a file that is no image of its own, such as a mask or a thumbnail) or unlisted (a file that no
row names)."""


class RefusedError(Exception):
    """Raised for a row of the table that cannot be used, with the column, the value and the reason."""

    kind = "refused"

    def __init__(self, column: str, value: Any, reason: str) -> None:
        super().__init__(column, value, reason)
        self.details = {"column": column, "value": value, "kind": self.kind, "reason": reason}


class LeftOutError(RefusedError):
    """Raised for a row of the table that is not used, though nothing is wrong with it."""

    kind = "left_out"


def list_reasons(refusals: list[dict[str, Any]]) -> list[str]:
    """Return one line per reason for refusing rows, the most frequent first, and at most 15."""
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
    """Write `data/rejected.csv`: the rows that are not used, by line, then the files that no row names."""
    table = pd.DataFrame(unused, columns=REJECTED_COLUMNS).astype({"line": "Int64"})
    write_table(path, table, sort_by="line")


def explain_refusals(
    refusals: list[dict[str, Any]], *, num_rows: int, source: Path, rejected: Path | None, allowed: float
) -> str:
    """Return the message for too many refused rows.

    Parameters
    ----------
    num_rows
        The number of all rows of the table `source`.
    rejected
        The table that lists the refused rows, if it has been written.
    allowed
        The share of rows that may be refused.
    """
    heading = f"{source}: {len(refusals)} of {num_rows} rows refused, dataset.max_rejected_fraction is {allowed:g}:"
    return "\n  ".join([heading, *list_reasons(refusals)]) + (
        f"\n{'' if rejected is None else f'all of them are in {rejected}; '}correct the table or the images, "
        "or raise dataset.max_rejected_fraction to go on without those rows"
    )
