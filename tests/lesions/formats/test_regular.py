"""Tests that a pipe, a device or a folder in place of a table is refused at once."""

import os
from pathlib import Path

import pytest

from lesions.errors import InputError
from lesions.formats.sha256 import hash_file
from lesions.tables.csv_table import read_text_table


@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_what_is_no_file_is_refused_before_it_is_opened(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "table.csv"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        path.mkdir()
    with pytest.raises(InputError, match=r"table.csv: not a file, but a (pipe, a socket or a device|folder)"):
        read_text_table(path, ())
    with pytest.raises(InputError, match=r"table.csv: not a file"):
        hash_file(path)
