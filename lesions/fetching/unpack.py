"""Unpacking a downloaded archive into a folder, and nowhere else."""

import shutil
import stat
import zlib
from pathlib import Path, PurePosixPath
from zipfile import BadZipFile, ZipFile, ZipInfo

from lesions.errors import InputError
from lesions.formats.atomic import atomic_folder
from lesions.hardware.disk import check_room

MAX_RATIO = 20
"""Maximum ratio of an archive's unpacked size to its own; for photographs, already compressed, it is about 1."""

MAX_FILES = 200_000


def unpack_archive(archive: Path, folder: Path) -> None:
    """Unpack a zip archive, and the archives in it, into a folder that appears completely or not at all.

    A single top folder is removed from the names. An archive in the archive becomes a folder of its name.

    Raises
    ------
    InputError
        If the archive is broken, in which case it is removed; if it contains a name that leads out of the folder, the
        same name twice, a link, more than `MAX_RATIO` times its size or more than `MAX_FILES` files; if the disk has
        no room.
    """
    try:
        with atomic_folder(folder) as temporary:
            _unpack_into(archive, temporary)
            for inner in sorted(temporary.rglob("*.zip")):
                _unpack_into(inner, inner.with_suffix(""))
                inner.unlink()
    except (BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        archive.unlink()
        raise InputError(f"{archive}: not a complete zip archive ({error}); it was removed") from error


def _unpack_into(archive: Path, folder: Path) -> None:
    try:
        with ZipFile(archive) as opened:
            entries = [entry for entry in opened.infolist() if not entry.is_dir()]
            names = check_entries(archive, entries)
            check_room(folder.parent, sum(entry.file_size for entry in entries), archive.name)
            for entry, name in zip(entries, names, strict=True):
                target = folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                with opened.open(entry) as source, target.open("xb") as written:
                    shutil.copyfileobj(source, written)
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise InputError(
            f"{archive}: {error.filename} is both a file and a folder in it, or is in it twice"
        ) from error


def check_entries(archive: Path, entries: list[ZipInfo]) -> list[PurePosixPath]:
    """Return the path of each file of an archive, relative to the folder; an unsafe entry raises InputError."""
    size = archive.stat().st_size
    unpacked = sum(entry.file_size for entry in entries)
    if len(entries) > MAX_FILES or unpacked > MAX_RATIO * size:
        raise InputError(
            f"{archive}: {len(entries):,} files of {unpacked:,} bytes in an archive of {size:,} bytes; at most "
            f"{MAX_FILES:,} files and {MAX_RATIO} times the size are unpacked"
        )
    for entry in entries:
        path = PurePosixPath(entry.filename)
        if (
            path.is_absolute()
            or not path.parts
            or ".." in path.parts
            or "\\" in entry.filename
            or ":" in entry.filename
        ):
            raise InputError(f"{archive}: {entry.filename!r} leads out of the folder into which it is unpacked")
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if kind not in (0, stat.S_IFREG):
            raise InputError(f"{archive}: {entry.filename!r} is a link or a device, not a file")
    names = [PurePosixPath(entry.filename) for entry in entries]
    tops = {name.parts[0] for name in names}
    if len(tops) == 1 and all(len(name.parts) > 1 for name in names):
        return [PurePosixPath(*name.parts[1:]) for name in names]
    return names
