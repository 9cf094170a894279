"""The image files that a user names."""

import io
import os
from pathlib import Path

import pytest

from lesions.errors import InputError
from lesions.serving.sources import Sources, list_sources
from tests.served import write_image


def list_all(*sources: str | Path, group_by: str | None = None, piped: bytes = b"") -> Sources:
    return list_sources([str(each) for each in sources], group_by=group_by, standard_input=io.BytesIO(piped))


def names(listed: Sources) -> list[str]:
    return [each.file for each in listed.files]


@pytest.fixture(autouse=True)
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_files_are_listed_in_the_order_given_and_twice_if_they_are_named_twice() -> None:
    for name in ("b.jpg", "a.png"):
        write_image(Path(name))
    Path("notes.txt").write_text("text")
    listed = list_all("b.jpg", "a.png", "notes.txt", "missing.jpg", "b.jpg")
    assert names(listed) == ["b.jpg", "a.png", "notes.txt", "missing.jpg", "b.jpg"]
    assert listed.notes == ["files that are named again, each with a row of its own: 1"]


def test_a_folder_is_walked_and_sorted_and_what_is_passed_over_is_counted() -> None:
    for name in ("f/b.jpg", "f/sub/a.png", "f/a.tif", "f/.hidden.jpg"):
        write_image(Path(name))
    Path("f/notes.txt").write_text("text")
    listed = list_all("f/")
    assert names(listed) == ["f/a.tif", "f/b.jpg", "f/sub/a.png"]
    assert listed.notes == [
        "f/: files and folders that are passed over: 1 "
        "(such as '.hidden.jpg': its name, or a folder's, begins with a dot)"
    ]


def test_the_paths_of_a_table_are_relative_to_its_folder() -> None:
    Path("t").mkdir()
    Path("t/table.csv").write_text("lesion_id;Path;file\nL1;x;a.jpg\n;y;/b.jpg\nL1;z;\n")
    listed = list_all("t/table.csv", group_by="lesion_id")
    assert [tuple(each) for each in listed.files] == [
        ("a.jpg", "t/a.jpg", "L1"),
        ("/b.jpg", "/b.jpg", ""),
        ("", "", "L1"),
    ]
    assert listed.notes == ["files without lesion_id, which are in no group: 1"]
    Path("t/other.csv").write_text("path,age\na.jpg,7\n")
    assert names(list_all("t/other.csv")) == ["a.jpg"]


def test_an_identifier_in_a_table_is_read_as_the_pipeline_reads_it() -> None:
    spellings = ["L1", " L1\u200b", "Ｌ1", "7", "7.0", "n/a", "Unknown", "-"]
    Path("table.csv").write_text("file,lesion\n" + "".join(f"a.jpg,{each}\n" for each in spellings))
    listed = list_all("table.csv", group_by="lesion")
    assert [each.group for each in listed.files] == ["L1", "L1", "L1", "7", "7", "", "", ""]
    assert "files without lesion, which are in no group: 3" in listed.notes


def test_standard_input_has_a_path_on_each_line() -> None:
    listed = list_all("-", "x.jpg", piped=b"a b.jpg\r\n\n\xff.jpg\nlast.jpg")
    assert names(listed) == ["a b.jpg", os.fsdecode(b"\xff.jpg"), "last.jpg", "x.jpg"]


def test_groups_may_be_the_folders_of_the_files() -> None:
    for name in ("f/p1/a.png", "f/p2/a.png", "f/p1/b.png"):
        write_image(Path(name))
    listed = list_all("f", "x.jpg", group_by="folder")
    assert [each.group for each in listed.files] == ["f/p1", "f/p1", "f/p2", "."]
    listed = list_all("-", group_by="folder", piped=b"p1/a.png\n./p1/b.png\np1//c.png\na.png\n")
    assert [each.group for each in listed.files] == ["p1", "p1", "p1", "."]


def test_what_two_tables_call_alike_is_told_apart() -> None:
    for folder in ("s1", "s2"):
        Path(folder).mkdir()
        Path(folder, "t.csv").write_text("file,age\np1/a.jpg,7\n,7\n")
    listed = list_all("s1/t.csv", "s2/t.csv", group_by="folder")
    assert [(each.file, each.group) for each in listed.files] == [
        *(("s1/p1/a.jpg", "s1/p1"), ("", ""), ("s2/p1/a.jpg", "s2/p1"), ("", "")),
    ]
    (alone, _) = list_all("s1/t.csv", group_by="folder").files
    assert tuple(alone) == ("p1/a.jpg", "s1/p1/a.jpg", "p1")


@pytest.mark.parametrize(
    ("source", "group_by", "message"),
    [
        ("nowhere", None, r"^nowhere: there is no such file or folder"),
        ("missing.csv", None, r"^missing.csv: there is no such file"),
        ("empty", None, r"^empty: no image files in this folder or below it \(\.bmp, \.jfif"),
        ("texts", None, r"^texts: no image files in this folder"),
        ("-", None, r"^standard input: names no image file"),
        ("no_rows.csv", None, r"^no_rows.csv: names no image file"),
        ("no_column.csv", None, r"^no_column.csv: the column file \(or path\) is missing; found image_id, age"),
        ("table.csv", "lesion", r"^table.csv: the column lesion \(--group-by\) is missing; found file, lesion_id"),
        ("texts", "lesion_id", r"--group-by lesion_id: 'texts' is no table, and only tables have columns; name"),
        ("wide.csv", None, r"rows do not have as many cells as the header: line 2 has 2"),
        ("binary.csv", None, r"^binary.csv, line 1: not in UTF-8"),
        ("quote.csv", None, r"^quote.csv, line 2: the quote that opens here is never closed"),
    ],
)  # fmt: skip
def test_sources_that_name_nothing_are_refused(source: str, group_by: str | None, message: str) -> None:
    Path("empty").mkdir()
    Path("texts").mkdir()
    Path("texts/a.txt").write_text("a")
    tables = {
        "no_rows": "file\n",
        "no_column": "image_id,age\nx,1\n",
        "table": "file,lesion_id\na.jpg,L1\n",
        "wide": "file\na.jpg,b\n",
        "quote": 'file,x\n"a.jpg,1\n',
    }
    for name, text in tables.items():
        Path(f"{name}.csv").write_text(text)
    Path("binary.csv").write_bytes(b"\xff\xfefile\xff"[2:])
    with pytest.raises(InputError, match=message):
        list_all(source, group_by=group_by)
