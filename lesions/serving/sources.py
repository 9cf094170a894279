"""The image files that a user names: files, folders, tables, and paths from standard input."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from lesions.errors import InputError, quote_value
from lesions.formats.header import check_columns, check_widths, find_header
from lesions.formats.identifier import normalise_identifier
from lesions.formats.records import MAX_BYTES, check_nothing_swallowed, list_records, read_text
from lesions.images.folders import FolderWalk, is_image_name
from lesions.images.kinds import SUFFIXES
from lesions.serving.stream import SourceFile

STANDARD_INPUT = "-"

TABLE_SUFFIXES = (".csv", ".tsv")

FILE_COLUMNS = ("file", "path")
"""The columns of a table that name the image file; the first that is there counts."""

BY_FOLDER = "folder"
"""Groups are the folders of the files."""


@dataclass(frozen=True)
class Sources:
    """All image files that were named, in the order given; those of a folder sorted by their paths.

    Attributes
    ----------
    notes
        What was passed over or is odd, in words.
    """

    files: list[SourceFile]
    notes: list[str]


def list_sources(sources: Sequence[str], *, group_by: str | None, standard_input: IO[bytes]) -> Sources:
    """List the image files that the sources name.

    A file is listed although it may be missing or no image: its answer will say so.

    Parameters
    ----------
    sources
        Image files, folders, tables (`.csv`, `.tsv`), or `-` for standard input, which has a path on each line.
    group_by
        The column of the tables that says which lesion or patient an image is of, or `folder`; None for no groups.

    Raises
    ------
    InputError
        If a folder or a table is missing, cannot be read or names no file; if a table lacks a column; if groups are
        asked for by a column and a source is no table.
    """
    files: list[SourceFile] = []
    notes: list[str] = []
    for source in sources:
        is_table = source.lower().endswith(TABLE_SUFFIXES)
        if group_by not in (None, BY_FOLDER) and not is_table:
            raise InputError(
                f"--group-by {group_by}: {quote_value(source)} is no table, and only tables have columns; name a "
                f"table of the files (.csv), or use --group-by {BY_FOLDER}"
            )
        if source == STANDARD_INPUT:
            listed = list(_read_lines(standard_input))
        elif is_table:
            listed = _read_table(Path(source), None if group_by == BY_FOLDER else group_by)
            if len(sources) > 1:  # two tables may give two files one name
                listed = [each._replace(file=each.path) for each in listed]
        elif os.path.isdir(source):  # noqa: PTH112, as in count_bytes
            listed = _list_folder(source, notes)
        elif os.path.lexists(source) or is_image_name(source):
            listed = [SourceFile(source, source)]
        else:
            raise InputError(f"{source}: there is no such file or folder")
        if not listed:
            raise InputError(f"{'standard input' if source == STANDARD_INPUT else source}: names no image file")
        files += listed
    if group_by == BY_FOLDER:
        files = [each._replace(group=_name_folder(each.file)) for each in files]
    return Sources(files, [*notes, *_describe(files, group_by)])


def _name_folder(file: str) -> str:
    """Return the folder of a file in one spelling; nothing if no file is named."""
    return os.path.normpath(os.path.dirname(file)) if file else ""  # noqa: PTH120


def _describe(files: Sequence[SourceFile], group_by: str | None) -> Iterator[str]:
    """Say how many files are there twice, and how many are in no group."""
    repeated = len(files) - len({each.path for each in files})
    if repeated:
        yield f"files that are named again, each with a row of its own{' that counts' * bool(group_by)}: {repeated:,}"
    ungrouped = sum(not each.group for each in files) if group_by else 0
    if ungrouped:
        yield f"files without {group_by}, which are in no group: {ungrouped:,}"


def _read_lines(standard_input: IO[bytes]) -> Iterator[SourceFile]:
    data = standard_input.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise InputError(f"standard input: has more than {MAX_BYTES:,} bytes")
    for line in data.split(b"\n"):
        if path := os.fsdecode(line.removesuffix(b"\r")):
            yield SourceFile(path, path)


def _list_folder(folder: str, notes: list[str]) -> list[SourceFile]:
    walk = FolderWalk(Path(folder), ".", named_by=folder)
    found = sorted(walk.find_images())
    if walk.archives:
        notes.append(
            f"{folder}: archives, which predict does not open: {len(walk.archives):,} (such as "
            f"{quote_value(min(walk.archives))}); unpack them"
        )
    wanted = [os.path.join(folder, each.file) for each in found if each.passed_over is None]  # noqa: PTH118
    if not wanted:
        raise InputError(f"{folder}: no image files in this folder or below it ({', '.join(sorted(SUFFIXES))})")
    if len(wanted) < len(found):
        first = next(each for each in found if each.passed_over is not None)
        notes.append(
            f"{folder}: files and folders that are passed over: {len(found) - len(wanted):,} (such as "
            f"{quote_value(first.file)}: {first.passed_over})"
        )
    return [SourceFile(path, path) for path in wanted]


def _read_table(path: Path, group_by: str | None) -> list[SourceFile]:
    """Return the files that a table names; their paths are relative to its folder."""
    text, groups = read_text(path), [group_by] if group_by else []
    header = find_header(text, [*FILE_COLUMNS, *groups])
    located, names = header.locate(path, [*FILE_COLUMNS, *groups]), header.record.cells
    column = next((each for each in FILE_COLUMNS if each in located), FILE_COLUMNS[0])
    named_by = {FILE_COLUMNS[0]: f"or {FILE_COLUMNS[1]}", **dict.fromkeys(groups, "--group-by")}
    check_columns(path, located, [column, *groups], names=names, named_by=named_by)
    records = list(list_records(path, text, header.separator))[header.num_records :]
    check_nothing_swallowed(path, text, records, separator=header.separator, width=len(names), key=located[column])
    filled = [record for record in records if any(map(str.strip, record.cells))]
    check_widths(path, filled, width=len(names), separator=header.separator)
    files = []
    for record in filled:
        cells = [*record.cells, *[""] * len(names)]
        file, group = cells[located[column]], normalise_identifier(cells[located[group_by]]) if group_by else ""
        files.append(SourceFile(file, os.path.join(path.parent, file) if file else "", group))  # noqa: PTH118
    return files
