"""Rows of a dataset's table that cannot be used, and saying why."""

from collections import Counter
from pathlib import Path
from typing import Any

REJECTED_COLUMNS = ["line", "image_id", "column", "value", "reason"]
"""`line` counts the table's lines from 1, its header being line 1."""


class RefusedError(Exception):
    """A row of the table cannot be used: which column, which value, and why."""

    def __init__(self, column: str, value: Any, reason: str) -> None:
        super().__init__(column, value, reason)
        self.details = {"column": column, "value": value, "reason": reason}


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


def explain(refusals: list[dict[str, Any]], num_rows: int, source: Path, rejected: Path, allowed: float) -> str:
    """Say why too many rows were refused."""
    heading = f"{source}: {len(refusals)} of {num_rows} rows refused, dataset.max_rejected_fraction is {allowed:g}:"
    return "\n  ".join([heading, *list_reasons(refusals)]) + (
        f"\nall of them are in {rejected}; mend the table or the images, "
        "or raise dataset.max_rejected_fraction to go on without those rows"
    )
