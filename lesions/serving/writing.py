"""Writing rows as CSV, JSON Lines or Parquet, by the suffix of the file, one row after the other."""

import csv
import importlib.util
import json
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

from lesions.errors import InputError, quote_value
from lesions.formats.atomic import atomic_path
from lesions.formats.line_feeds import LINE_END, LineFeeds
from lesions.serving.rows import Row, flatten_row, spell_cells


def check_output(path: Path) -> None:
    """Raise InputError if the suffix of a file is not known, or its package is not installed."""
    suffix = path.suffix.lower()
    if suffix not in WRITERS:
        raise InputError(
            f"{path}: the suffix decides the format; expected {', '.join(WRITERS)}, got {quote_value(suffix)}"
        )
    if suffix == ".parquet" and importlib.util.find_spec("polars") is None:
        raise InputError(f'{path}: Parquet needs the package polars: pip install "lesions[parquet]"')


def write_rows(path: Path, rows: Iterable[Row], class_names: Sequence[str]) -> None:
    """Write rows in the format of the suffix of the file; it is written completely or not at all."""
    with atomic_path(path) as temporary:
        WRITERS[path.suffix.lower()](temporary, rows, class_names)


def write_csv(file: IO[bytes], rows: Iterable[Row], class_names: Sequence[str]) -> None:
    """Write rows as CSV in UTF-8 into an open file, which stays open."""
    text = LineFeeds(file, encoding="utf-8", newline="")
    writer = csv.writer(text, lineterminator=LINE_END)
    has_header = False
    for row in rows:
        flat = flatten_row(row, class_names)
        if not has_header:
            writer.writerow(flat)
            has_header = True
        writer.writerow(spell_cells(flat))
    text.flush()
    text.detach()


def _write_csv_file(path: Path, rows: Iterable[Row], class_names: Sequence[str]) -> None:
    with path.open("wb") as file:
        write_csv(file, rows, class_names)


def _write_json_lines(path: Path, rows: Iterable[Row], _: Sequence[str]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(json.dumps(row, allow_nan=False) + "\n" for row in rows)


def _write_parquet(path: Path, rows: Iterable[Row], class_names: Sequence[str]) -> None:
    """Write flat rows by way of JSON Lines, which polars converts without holding them all."""
    import polars  # of the extra `parquet`

    rows = iter(rows)
    first = flatten_row(next(rows), class_names)
    with TemporaryDirectory(dir=path.parent, prefix=f"{path.name}.", suffix=".tmp") as folder:
        lines = Path(folder, "rows.jsonl")
        _write_json_lines(lines, chain([first], (flatten_row(row, class_names) for row in rows)), ())
        types: dict[str, Any] = {
            **dict.fromkeys(first, polars.String),
            **dict.fromkeys((f"prob_{each}" for each in class_names), polars.Float64),
            **dict.fromkeys(("malignancy", "out_of_distribution"), polars.Float64),
            **dict.fromkeys(("is_called_malignant", "abstains"), polars.Boolean),
            **dict.fromkeys(("num_images", "num_refused", "num_unlike"), polars.Int64),
            "prediction_set": polars.List(polars.String),
        }
        polars.scan_ndjson(lines, schema={name: types[name] for name in first}).sink_parquet(path)


WRITERS: dict[str, Callable[[Path, Iterable[Row], Sequence[str]], None]] = {
    ".csv": _write_csv_file,
    ".jsonl": _write_json_lines,
    ".parquet": _write_parquet,
}
