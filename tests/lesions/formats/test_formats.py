"""Tests that files are written with the same bytes each time, and read or refused with a reason."""

import math
from pathlib import Path

import pytest

from lesions.errors import InputError
from lesions.formats.json_file import read_json, write_json, write_metrics, write_plot_rows


def test_json_is_sorted_and_rounded(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"b": 1 / 3, "a": [2, (0.1 + 0.2,)]})
    assert (tmp_path / "a.json").read_text() == ('{\n "a": [\n  2,\n  [\n   0.3\n  ]\n ],\n "b": 0.333333\n}\n')


def test_metrics_carry_their_schema(tmp_path: Path) -> None:
    write_metrics(tmp_path / "a.json", {"accuracy": 0.5})
    assert read_json(tmp_path / "a.json") == {"accuracy": 0.5, "schema": 1}


def test_plot_rows_are_written_one_per_line(tmp_path: Path) -> None:
    write_plot_rows(tmp_path / "a.json", [{"y": 2, "x": 1}, {"x": 2, "y": 0.12345678}])
    assert (tmp_path / "a.json").read_text() == '[\n{"x": 1, "y": 2},\n{"x": 2, "y": 0.123457}\n]\n'


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_json_refuses_nan(tmp_path: Path, value: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a.json", {"a": value})
    assert list(tmp_path.iterdir()) == []


def test_broken_json_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"a": 1,\n"b"}')
    with pytest.raises(InputError, match=r"a.json, line 2: not valid JSON"):
        read_json(tmp_path / "a.json")
