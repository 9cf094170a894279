"""The files about single images that a run writes beside its table, which have the numbers of their rows."""

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from lesions.errors import InputError
from lesions.hardware.disk import check_writable
from lesions.serving.stream import SourceFile

NUMBERED = re.compile(r"[0-9]{6,}(\.dcm|\.json|-.*\.png)")
"""The names of reports and of overlays."""


def name_numbered(position: int, end: str) -> str:
    """Return the name of the file about an image: the number of its row, from 1, and what follows it."""
    return f"{position:06d}{end}"


def check_folder(option: str, folder: Path, end: str, *, sources: Sequence[SourceFile], continues: bool) -> None:
    """Raise InputError if such files cannot be written, would replace a source, or mix with those of another run.

    Parameters
    ----------
    option
        The option that names the folder.
    end
        How their names end.
    continues
        Whether a run is continued, whose files are there.
    """
    check_writable(folder / name_numbered(1, end))
    present = sorted(path for path in _list_entries(folder) if NUMBERED.fullmatch(path.name))
    if not present:
        return
    identities = {*_identify(each.path for each in sources)}
    for path in present:
        if not identities.isdisjoint(_identify([path])):
            raise InputError(f"{path}: is a source too, which {option} could replace; name another folder")
    if not continues:
        raise InputError(
            f"{option} {folder}: has files of another run already, such as {present[0].name}, which would be taken "
            "for those of this one; name another folder, or remove them"
        )


def _list_entries(folder: Path) -> Iterable[Path]:
    return folder.iterdir() if folder.is_dir() else ()


def _identify(paths: Iterable[str | Path]) -> Iterable[tuple[int, int]]:
    """Yield what tells the files that are there apart, however they are named."""
    for path in paths:
        try:
            status = os.stat(path)  # noqa: PTH116, as in count_bytes
        except (OSError, ValueError):  # missing, or no path at all: its answer will say so
            continue
        yield status.st_dev, status.st_ino
