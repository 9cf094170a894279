"""Tests that files are written completely or not at all, with the same bytes each time."""

import math
from pathlib import Path

import pytest

from lesions.errors import InputError
from lesions.formats.atomic import atomic_folder, atomic_path
from lesions.formats.json_file import read_json, write_json, write_metrics, write_plot_rows


class InterruptError(Exception):
    pass


def test_an_interrupted_file_leaves_the_old_one_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(InterruptError), atomic_path(path) as temporary:
        temporary.write_text("half")
        raise InterruptError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_finished_file_replaces_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.txt"
    for text in ("first", "second"):
        with atomic_path(path) as temporary:
            temporary.write_text(text)
        assert path.read_text() == text
    assert list(path.parent.iterdir()) == [path]


def test_an_interrupted_folder_leaves_the_old_one_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    folder.mkdir()
    (folder / "old").touch()
    with pytest.raises(InterruptError), atomic_folder(folder) as temporary:
        (temporary / "half").touch()
        raise InterruptError
    assert [path.relative_to(tmp_path).as_posix() for path in sorted(tmp_path.rglob("*"))] == ["a", "a/old"]


def test_a_finished_folder_replaces_the_old_one(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    for name in ("first", "second"):
        with atomic_folder(folder) as temporary:
            (temporary / name).touch()
        assert [path.name for path in folder.iterdir()] == [name]
    assert list(tmp_path.iterdir()) == [folder]


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
