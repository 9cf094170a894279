"""Unpacking a downloaded archive into a folder, and nowhere else."""

import errno
import lzma
import re
import shutil
import stat
import struct
import unicodedata
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO
from zipfile import BadZipFile, ZipFile, ZipInfo

from lesions.errors import InputError
from lesions.formats.atomic import atomic_folder
from lesions.hardware.disk import check_room

MAX_RATIO = 20
"""Maximum ratio of an archive's unpacked size to its own; for photographs, already compressed, it is about 1."""

MAX_FILES = 200_000

RESERVED_NAME = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])\s*(\..*)?", re.IGNORECASE)
"""A name that is a device on Windows, with any suffix."""

BROKEN = (
    BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    IndexError,
    NotImplementedError,
    RuntimeError,
)
"""What reading a broken archive raises, besides an OSError of bzip2 that has no number."""


@dataclass
class Amount:
    """What a download has been unpacked to, with the archives in it.

    Attributes
    ----------
    archive_bytes
        The size of the download.
    num_files, num_bytes
        What its lists say of what was unpacked so far.
    """

    archive_bytes: int
    num_files: int = 0
    num_bytes: int = 0

    def add(self, files: list[ZipInfo], name: str) -> None:
        """Count files that are to be unpacked; raise InputError if they are too many or too large."""
        self.num_files += len(files)
        self.num_bytes += sum(entry.file_size for entry in files)
        if self.num_files > MAX_FILES or self.num_bytes > MAX_RATIO * self.archive_bytes:
            raise InputError(
                f"{name}: {self.num_files:,} files of {self.num_bytes:,} bytes in an archive of "
                f"{self.archive_bytes:,} bytes; at most {MAX_FILES:,} files and {MAX_RATIO} times the size are "
                "unpacked"
            )


def unpack_archive(archive: Path, folder: Path) -> None:
    """Unpack a zip archive, and the archives in it, into a folder that appears completely or not at all.

    A single top folder is removed from the names. An archive in the archive becomes a folder of its name. Hidden
    files, which have a part of their path that begins with a dot, are left out and counted: git, DVC and other
    programs would take instructions from them.

    Raises
    ------
    InputError
        If the archive is broken or has no file, in which case it is removed; if it contains a name that leads out of
        the folder or that not every system can tell from others, a link, more than `MAX_RATIO` times its size or more
        than `MAX_FILES` files; if the disk has no room.
    """
    try:
        amount = Amount(archive.stat().st_size)
        with atomic_folder(folder) as temporary:
            _unpack_into(archive, temporary, amount, name=str(archive))
            for inner in sorted(temporary.rglob("*.zip")):
                name = f"{archive}, {inner.relative_to(temporary).as_posix()} in it"
                _unpack_into(inner, inner.with_suffix(""), amount, name=name)
                inner.unlink()
    except InputError:
        raise
    except (*BROKEN, OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        archive.unlink()
        raise InputError(f"{archive}: not a complete zip archive ({error}); it was removed") from error


def _unpack_into(archive: Path, folder: Path, amount: Amount, *, name: str) -> None:
    """Unpack one archive, called by its name in messages."""
    with ZipFile(archive) as opened:
        paths = check_entries(opened.infolist(), amount, name=name)
        check_room(folder.parent, sum(entry.file_size for entry, _ in paths), name)
        for entry, path in paths:
            with _create_file(folder, path, name) as written, opened.open(entry) as source:
                shutil.copyfileobj(source, written)


def _create_file(folder: Path, path: PurePosixPath, name: str) -> BinaryIO:
    """Open a new file below a folder for writing, with the folders on the way to it."""
    target = folder / path
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        return target.open("xb")
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        clash = Path(error.filename).relative_to(folder)
        raise InputError(f"{name}: {clash} is both a file and a folder in it, or is in it twice") from error
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
        raise InputError(f"{name}: {_quote(str(path))} is a longer name than this system allows") from error


def check_entries(entries: list[ZipInfo], amount: Amount, *, name: str) -> list[tuple[ZipInfo, PurePosixPath]]:
    """Return each file of an archive that is unpacked, and its path relative to the folder.

    Parameters
    ----------
    amount
        What was unpacked before.
    name
        What the archive is called in messages.

    Raises
    ------
    InputError
        If an entry is unsafe, or the files are too many.
    BadZipFile
        If there is no file in it.
    """
    files = [entry for entry in entries if not entry.is_dir()]
    amount.add(files, name)
    for entry in files:
        _check_entry(entry, name)
    hidden = [entry.filename for entry in files if _is_hidden(entry)]
    seen = [(entry, PurePosixPath(entry.filename)) for entry in files if not _is_hidden(entry)]
    if hidden:
        print(f"{name}: {len(hidden):,} hidden files are left out, such as {_quote(hidden[0])}", flush=True)
    if not seen:
        raise BadZipFile("there is no file in it")
    _check_distinct([path for _, path in seen], name)
    tops = {path.parts[0] for _, path in seen}
    if len(tops) == 1 and all(len(path.parts) > 1 for _, path in seen):
        return [(entry, PurePosixPath(*path.parts[1:])) for entry, path in seen]
    return seen


def _is_hidden(entry: ZipInfo) -> bool:
    return any(part.startswith(".") for part in PurePosixPath(entry.filename).parts)


def _check_entry(entry: ZipInfo, name: str) -> None:
    """Refuse what is no file, and a path that leads out of the folder on any system, or means another file there."""
    path = PurePosixPath(entry.filename)
    if path.is_absolute() or not path.parts or ".." in path.parts or "\\" in entry.filename or ":" in entry.filename:
        raise InputError(f"{name}: {_quote(entry.filename)} leads out of the folder into which it is unpacked")
    if stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG):
        raise InputError(f"{name}: {_quote(entry.filename)} is a link or a device, not a file")
    for part in path.parts:
        if part.endswith((".", " ")) or RESERVED_NAME.fullmatch(part):
            raise InputError(f"{name}: {_quote(part)} is a name that means another file on Windows")
        if any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") for character in part):
            raise InputError(f"{name}: {_quote(part)} is a name with invisible characters")


def _check_distinct(paths: list[PurePosixPath], name: str) -> None:
    """Refuse two paths that some systems cannot tell from each other."""
    known: dict[str, PurePosixPath] = {}
    for path in paths:
        folded = unicodedata.normalize("NFC", str(path)).casefold()
        other = known.setdefault(folded, path)
        if other != path:
            raise InputError(
                f"{name}: {_quote(str(other))} and {_quote(str(path))} differ only by capitals or accents that are "
                "spelt in two ways, and are one file on some systems"
            )


def _quote(text: str) -> str:
    """Return a name of an archive, cut and with control characters spelt out."""
    return repr(text if len(text) <= 80 else f"{text[:79]}…")
