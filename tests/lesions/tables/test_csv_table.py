"""Tests that CSV tables are read as they are meant or refused by name, and written with the same bytes each time."""

import codecs
import os
from pathlib import Path

import pandas as pd
import pytest

from lesions.errors import InputError
from lesions.formats import records
from lesions.tables.csv_table import TextTable, read_text_table, write_table

CLINIC = ["photo"]
OTHERS = ["patient", "finding"]


def read(folder: Path, content: str | bytes, columns: list[str] = CLINIC, optional: list[str] = OTHERS) -> TextTable:
    path = folder / "a.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_text_table(path, columns, optional=optional, named_by={"photo": "dataset.columns.image_id"})


def test_a_table_is_sorted_with_line_feeds_and_six_decimals(tmp_path: Path) -> None:
    write_table(tmp_path / "a.csv", pd.DataFrame({"key": ["b", "a"], "x": [1 / 3, 2.0]}), sort_by="key")
    assert (tmp_path / "a.csv").read_bytes() == b"key,x\na,2.000000\nb,0.333333\n"


@pytest.mark.parametrize("cell", ["p\r1", "\r", "p\n1", "p\r\n1", 'p"1', "p,1", " p "])
def test_any_cell_is_read_as_it_was_written(tmp_path: Path, cell: str) -> None:
    path = tmp_path / "a.csv"
    write_table(path, pd.DataFrame({"key": ["a", "b"], "x": [cell, "1"]}), sort_by="key")
    assert pd.read_csv(path, dtype=str, keep_default_na=False).x.tolist() == [cell, "1"]
    assert read_text_table(path, ["key"], optional=["x"]).cells.x.tolist() == [cell, "1"]


def test_a_text_table_keeps_cells_unchanged(tmp_path: Path) -> None:
    table = read(tmp_path, b"\xef\xbb\xbfid,age\r\n007,NA\r\n8,\r\n", ["id"], ["age", "sex"])
    assert table.cells.to_dict("list") == {"id": ["007", "8"], "age": ["NA", ""]}
    assert (table.names, table.notes) == (["id", "age"], [])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b" \r\n\n", "the file is empty"),
        (b"photo,age\n1,2\n1,2,3,4\n", r"as many cells as the header: line 3 has 4, the header 2 \(1 such rows\)"),
        (b"photo\n\n\xff\xfe\n", "a.csv, line 3: not in UTF-8 .*; save it as 'CSV UTF-8'"),
        (b"photo,age\n1,63,5\n", "separated by commas; put a cell that contains any, such as 63,5, in quotes"),
        (b"photo;age\n1;2;3\n", "the cells are separated by semicolons"),
        (b"name,age\na,1\n", r"the column photo \(dataset.columns.image_id\) is missing; found name, age$"),
        (b",".join([b"c%d" % n for n in range(50)]) + b"\n", "is missing; found c0, .*, c19 and 30 others$"),
        (b"c" * 100_000 + b"\n", "found c{79}…$"),
        (b"sep=;\n", "is missing; found none"),
        (
            b"photo,finding\n1," + b"x" * 200_000 + b"\n",
            r"a.csv, line 2: the row that begins here .*limit \(131072\)",
        ),
        (b"photo" * 40_000 + b"\n", "a.csv, line 1: the row that begins here cannot be read"),
        ("photo,finding\n1,x\n".encode("utf-16-le"), "not a text file, or in UTF-16 or UTF-32 without a mark"),
        (codecs.BOM_UTF16_LE + b"a", "line 1: not in UTF-8"),
        (b"PK\x03\x04...", "a spreadsheet or an archive, not a text file; save the table as 'CSV UTF-8'"),
    ],
)
def test_an_unreadable_text_table_is_refused_with_a_reason(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(tmp_path, content)


def test_only_a_file_is_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    for name, message in [("none.csv", "there is no such file"), ("pipe.csv", "not a file, but a pipe")]:
        with pytest.raises(InputError, match=message):
            read_text_table(tmp_path / name, CLINIC)


def test_a_table_that_is_too_large_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "MAX_BYTES", 9)
    with pytest.raises(InputError, match=r"a.csv: has 10 bytes, a table may have 9 at most"):
        read(tmp_path, "photo\n1\n2\n")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("header", ["id{}age", '\ufeff"id"{}age'])
def test_cells_may_be_separated_by_any_separator_of_spreadsheets(tmp_path: Path, separator: str, header: str) -> None:
    text = f'{header.format(separator)}\r\n1{separator}"a, b; c\td"\r\n'
    table = read(tmp_path, text, ["id"], ["age"])
    assert table.cells.to_dict("records") == [{"id": "1", "age": "a, b; c\td"}]


def test_the_needed_column_determines_the_separator(tmp_path: Path) -> None:
    table = read(tmp_path, "id;name, first, last\n1;2\n", ["id"], ["name, first, last"])
    assert table.cells.to_dict("records") == [{"id": "1", "name, first, last": "2"}]


@pytest.mark.parametrize(
    ("content", "line", "notes"),
    [
        ("sep=;\r\nphoto;patient;finding\r\n1;2;a,b\r\n", 3, []),
        ('"sep=|"\nphoto|patient|finding\n1|2|a,b\n', 3, []),
        ("SEP=\\t\nphoto\tpatient\tfinding\n1\t2\ta,b\n", 3, []),
        (codecs.BOM_UTF16_LE + "photo\tpatient\tfinding\r\n1\t2\ta,b\r\n".encode("utf-16-le"), 2, []),
        (codecs.BOM_UTF16_BE + "photo;patient;finding\r\n1;2;a,b\r\n".encode("utf-16-be"), 2, []),
        ('\n\nphoto,patient,finding\n\n1,2,"a,b"\n', 5, []),
        ('photo, patient, "finding"\n1, 2, "a,b"\n', 2, []),
        (
            'Clinic A, "2020"\nby,us,all,four\n\nphoto,patient,finding\n1,2,"a,b"\n',
            5,
            ["lines above the header that are passed over: 2 (first: line 1, 'Clinic A  \"2020\"')"],
        ),
        (
            'Export;;;\nphoto;;patient;finding\n1;;2;"a,b"\n',
            3,
            ["lines above the header that are passed over: 1 (first: line 1, 'Export   ')"],
        ),
        (
            ' Photo,PATIENT\u00a0,"find\u200bing\n"\n1,2,"a,b"\n',
            3,
            [
                "columns that are read under another spelling: ' Photo' as photo, 'PATIENT\\xa0' as patient, "
                "'find\\u200bing\\n' as finding"
            ],
        ),
        (
            "photo;patient;finding\n;;\n  ; \t\n1;2;a,b\n3\n",
            4,
            [
                "empty rows that are passed over: 2",
                "rows with fewer cells than the header; the others count as empty: 1",
            ],
        ),
        ("photo;patient;finding\n1;2;a,b;;\n", 2, []),
        (
            "||photo|| patient ||finding||\n||1||2||a,b||\n",
            2,
            ["columns that are read under another spelling: ' patient ' as patient"],
        ),
        (
            "photo;patient;finding;note\n1;2;a,b;\n;;;0 - is\n;;;a legend\n",
            2,
            ["lines below the table that are passed over: 2 (first: line 3, '0 - is')"],
        ),
        ("note;photo;patient;finding;Note\n;1;2;a,b;\n", 2, ["the column 'note', which is not read, is there twice"]),
    ],
)
def test_what_spreadsheets_write_is_read_and_said(
    tmp_path: Path, content: str | bytes, line: int, notes: list[str]
) -> None:
    table = read(tmp_path, content)
    assert table.cells.iloc[0].to_dict() == {"photo": "1", "patient": "2", "finding": "a,b"}
    assert table.cells.index[0] == line
    assert table.notes == notes


@pytest.mark.parametrize(
    ("header", "places"),
    [
        ("photo,patient,finding,patient", "'patient' in column 2 and 'patient' in column 4"),
        ("photo,patient,finding, Patient ", "'patient' in column 2 and ' Patient ' in column 4"),
        ("photo,PATIENT,finding,note,patient\u200b", r"'PATIENT' in column 2 and 'patient\\u200b' in column 5"),
    ],
)
def test_a_column_that_is_there_twice_is_refused_with_its_places(tmp_path: Path, header: str, places: str) -> None:
    with pytest.raises(InputError, match=rf"a.csv, line 2: the column patient is there 2 times: {places}; remove or"):
        read(tmp_path, f"Title\n{header}\n1,2,3,4\n")


def test_without_columns_the_first_line_is_the_header_and_all_are_read(tmp_path: Path) -> None:
    table = read(tmp_path, "image,image\nphoto,patient\n", [], [])
    assert table.cells.to_numpy().tolist() == [["photo", "patient"]]
