"""Tests that files are written with the same bytes each time, and read or refused with a reason."""

import math
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lesions.errors import InputError
from lesions.formats.json_file import read_json, write_json, write_metrics, write_plot_rows
from lesions.formats.table import read_text_table, write_table


def test_json_is_sorted_and_rounded(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"b": 1 / 3, "a": [2, (0.1 + 0.2,)]})
    assert (tmp_path / "a.json").read_text() == ('{\n "a": [\n  2,\n  [\n   0.3\n  ]\n ],\n "b": 0.333333\n}\n')


def test_metrics_carry_their_schema(tmp_path: Path) -> None:
    write_metrics(tmp_path / "a.json", {"accuracy": 0.5})
    assert read_json(tmp_path / "a.json") == {"accuracy": 0.5, "schema": 1}


def test_plot_rows_are_written_one_per_line(tmp_path: Path) -> None:
    write_plot_rows(tmp_path / "a.json", [{"y": 2, "x": 1}, {"x": 2, "y": 0.12345678}])
    assert (tmp_path / "a.json").read_text() == '[\n{"x": 1, "y": 2},\n{"x": 2, "y": 0.123457}\n]\n'


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(
        st.binary(max_size=200),
        st.text(st.sampled_from('ab1,;"\n\r\t \x00\ufeffé'), max_size=60).map(lambda text: text.encode()),
        st.text(st.sampled_from('ab1,;"\n\r '), max_size=60).map(lambda text: f"image_id,dx\n{text}".encode()),
    )
)
def test_any_bytes_give_a_table_or_a_reason(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(data)
    try:
        table = read_text_table(path, ["image_id"])
    except InputError as error:
        assert "a.csv" in str(error)
    else:
        assert "image_id" in table
        assert all(isinstance(cell, str) for cell in table.to_numpy().ravel())


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_json_refuses_nan(tmp_path: Path, value: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a.json", {"a": value})
    assert list(tmp_path.iterdir()) == []


def test_broken_json_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"a": 1,\n"b"}')
    with pytest.raises(InputError, match=r"a.json, line 2: not valid JSON"):
        read_json(tmp_path / "a.json")


def test_a_table_is_sorted_with_line_feeds_and_six_decimals(tmp_path: Path) -> None:
    write_table(tmp_path / "a.csv", pd.DataFrame({"key": ["b", "a"], "x": [1 / 3, 2.0]}), sort_by="key")
    assert (tmp_path / "a.csv").read_bytes() == b"key,x\na,2.000000\nb,0.333333\n"


def test_a_text_table_keeps_cells_unchanged(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"\xef\xbb\xbfid,age\r\n007,NA\r\n8,\r\n")
    table = read_text_table(tmp_path / "a.csv", ["id"])
    assert table.to_dict("list") == {"id": ["007", "8"], "age": ["NA", ""]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "there is no such file"),
        (b"", "the file is empty"),
        (b"id,age\n1,2\n1,2,3,4\n", "rows do not have as many cells as the header: .* line 3"),
        (b"id\n\xff\xfe\n", "not in UTF-8 .*; save it as 'CSV UTF-8'"),
        (b"id,age\n1,2,3\n", "rows do not have as many cells as the header"),
        (b"id,age\n1,63,5\n", "separated by commas; put a cell that contains any, such as 63,5, in quotes"),
        (b"id;age\n1;2;3\n", "the cells are separated by semicolons"),
        (b"name,age\na,1\n", "the column id is missing; found name, age"),
    ],
)
def test_an_unreadable_text_table_is_refused_with_a_reason(
    tmp_path: Path, content: bytes | None, message: str
) -> None:
    if content is not None:
        (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_text_table(tmp_path / "a.csv", ["id"])


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("header", ["id{}age", '\ufeff"id"{}age'])
def test_cells_may_be_separated_by_any_separator_of_spreadsheets(tmp_path: Path, separator: str, header: str) -> None:
    text = f'{header.format(separator)}\r\n1{separator}"a, b; c\td"\r\n'
    (tmp_path / "a.csv").write_bytes(text.encode())
    table = read_text_table(tmp_path / "a.csv", ["id"])
    assert table.to_dict("records") == [{"id": "1", "age": "a, b; c\td"}]


def test_the_needed_column_determines_the_separator(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id;name, first, last\n1;2\n")
    assert read_text_table(tmp_path / "a.csv", ["id"]).to_dict("records") == [{"id": "1", "name, first, last": "2"}]
