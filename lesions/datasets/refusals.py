"""The rows of a dataset's table that are not used, and why."""

import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import pandas as pd

from lesions.datasets.unknown_words import describe_unknown_words
from lesions.errors import quote_value
from lesions.tables.csv_table import write_table

REJECTED_COLUMNS = ["source", "line", "image_id", "column", "value", "kind", "reason"]
"""`source` is the dataset. `line` is the line of the file on which the row begins; there is none where folders are
diagnoses. `kind` is refused (the row cannot be used), left_out (not used, though nothing is wrong with it),
passed_over (a file that is no image of its own, such as a mask or a thumbnail) or unlisted (a file that no row
names)."""

MAX_REASONS = 15

LEFT_OUT = {
    "no_diagnosis": "no diagnosis is known",
    "repeated": "the row repeats another",
    "published_copy": "the dataset lists the image as a copy of another",
    "licence": "the image's licence is not used (dataset.isic_archive.licences)",
    "image_type": "the type of image is not used (dataset.isic_archive.image_types)",
    "synthetic": "the image is synthetic",
    "wrong_label": "the dataset calls its own label wrong",
    "diagnosis_not_used": "the diagnosis is not used (dataset.diagnoses)",
    "neither": "the diagnosis is neither malignant nor benign (task.neither)",
}
"""Why a row is left out, and the words for it. Every row that is left out has one of these keys as `why`."""


class RefusedError(Exception):
    """Raised for a row of the table that cannot be used, with the column, the value and the reason.

    The reason is the same for all rows of which the same is wrong; `detail` is what it says of this row alone.
    """

    kind = "refused"

    def __init__(self, column: str, value: Any, reason: str, detail: str = "") -> None:
        super().__init__(column, value, reason, detail)
        about = {"column": column, "value": value, "kind": self.kind}
        self.details = about | {"reason": reason, "detail": detail}


class LeftOutError(RefusedError):
    """Raised for a row that is not used, though nothing is wrong with it; `why` is a key of `LEFT_OUT`."""

    kind = "left_out"

    def __init__(self, column: str, value: Any, reason: str, detail: str = "", *, why: str) -> None:
        super().__init__(column, value, reason, detail)
        self.details["why"] = why


def list_reasons(refusals: list[dict[str, Any]]) -> list[str]:
    """Return all unknown words, then one line per other reason for refusing rows, the most frequent of `MAX_REASONS`.

    Reasons that differ only in their numbers are one, that of the first row.
    """
    unknown_words = describe_unknown_words(refusals)
    reasons: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for refusal in refusals:
        if "unknown_in" not in refusal:
            reasons[refusal["column"], re.sub("[0-9]+", "0", refusal["reason"])].append(refusal)
    ordered = sorted(reasons.values(), key=len, reverse=True)
    lines = [f"{len(same)} × {_describe_first(same[0])}" for same in ordered[:MAX_REASONS]]
    if len(reasons) > len(lines):
        lines.append(f"and {len(reasons) - len(lines)} other reasons")
    return unknown_words + lines


def _describe_first(refusal: dict[str, Any]) -> str:
    place = refusal["image_id"] if pd.isna(refusal["line"]) else f"line {int(refusal['line'])}"
    detail = f"; {refusal['detail']}" if refusal.get("detail") else ""
    return f"{refusal['column']}: {refusal['reason']} (first: {place}, value {quote_value(refusal['value'])}{detail})"


def write_rejected(path: Path, unused: list[dict[str, Any]]) -> None:
    """Write `data/rejected.csv`: the rows that are not used, by line, then the files that no row names."""
    rows = [row | {"reason": ": ".join(filter(None, (row["reason"], row.get("detail"))))} for row in unused]
    table = pd.DataFrame(rows, columns=REJECTED_COLUMNS).astype({"line": "Int64"})
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
