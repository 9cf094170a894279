"""JSON files with the same bytes each time: sorted keys, limited decimals, no NaN."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lesions.errors import InputError
from lesions.formats.atomic import write_text

PlotRows = Sequence[Mapping[str, Any]]
"""The rows of a plot in the form that `dvc plots` reads."""

SCHEMA = 1
"""The version of the layout of every metrics file."""

DECIMALS = 6


def write_json(path: Path, value: Any) -> None:
    """Write `value` with sorted keys and floats rounded to `DECIMALS`; NaN and infinity raise ValueError."""
    text = json.dumps(_round_floats(value), sort_keys=True, indent=1, allow_nan=False)
    write_text(path, text + "\n")


def write_metrics(path: Path, metrics: dict[str, Any]) -> None:
    """Write a metrics file in the form that `dvc metrics` reads, with the number of its schema."""
    write_json(path, {"schema": SCHEMA, **metrics})


def write_plot_rows(path: Path, rows: PlotRows) -> None:
    """Write the rows of a plot, one row per line."""
    lines = ",\n".join(json.dumps(_round_floats(row), sort_keys=True, allow_nan=False) for row in rows)
    write_text(path, f"[\n{lines}\n]\n")


def read_json(path: Path) -> Any:
    """Read a JSON file; invalid JSON raises InputError with the file's name and the line."""
    return parse_json(path.read_bytes(), str(path))


def parse_json(content: bytes, source: str) -> Any:
    """Parse the content of a JSON file.

    Raises
    ------
    InputError
        If it is not JSON in UTF-8, or holds what no file of a run does; the message names its `source`.
    """
    try:
        return json.loads(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise InputError(f"{source}: not in UTF-8 ({error})") from error
    except json.JSONDecodeError as error:
        conflict = "; it has the marks of a merge conflict" if b"<<<<<<<" in content else ""
        raise InputError(f"{source}, line {error.lineno}: not valid JSON: {error.msg}{conflict}") from error
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, thousands of brackets
        raise InputError(f"{source}: not the JSON of a run: {error}") from error


def _round_floats(value: Any) -> Any:
    if isinstance(value, float):
        small = 0 < abs(value) < 10**-DECIMALS * 100  # such as a learning rate
        return float(f"{value:.{DECIMALS}g}") if small else round(value, DECIMALS)
    if isinstance(value, dict):
        return {str(key): _round_floats(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_round_floats(item) for item in value]
    return value
