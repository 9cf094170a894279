"""Finding the image files of a dataset, and naming the images in them."""

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path, PurePosixPath
from typing import Any

from lesions.errors import InputError
from lesions.images.archives import find_members
from lesions.images.folders import FolderWalk, FoundFile
from lesions.images.kinds import ALL_SUFFIXES, SUFFIXES, is_archive_name


@dataclass(frozen=True)
class ImageFiles:
    """The image files of a dataset.

    Attributes
    ----------
    found
        Every image file, sorted by its path.
    linked
        The links to folders that were followed.
    irregular
        What DVC cannot hash, each with what it is.
    """

    found: list[FoundFile]
    linked: list[str]
    irregular: dict[str, str]

    @property
    def readable(self) -> list[str]:
        """The paths of the files that will be read."""
        return [one.file for one in self.to_read]

    @property
    def to_read(self) -> list[FoundFile]:
        """The files that will be read."""
        return [one for one in self.found if one.is_readable]

    @property
    def num_wanted(self) -> int:
        """The number of files that are images by their names, also those of a format that is not read."""
        return sum(one.passed_over is None for one in self.found)

    def check_regular(self, root: Path) -> None:
        """Raise InputError if there is anything that DVC cannot hash; it would wait for ever, or fail."""
        if self.irregular:
            path, kind = min(self.irregular.items())
            others = f", nor {len(self.irregular) - 1} others" if len(self.irregular) > 1 else ""
            raise InputError(
                f"dataset.root: DVC hashes everything in {root}, and cannot hash {path} ({kind}){others}; remove it"
            )

    def describe_links(self) -> str:
        """Return a warning about folders that DVC does not look into; empty if there are none."""
        if not self.linked:
            return ""
        others = f" and {len(self.linked) - 1} others" if len(self.linked) > 1 else ""
        return (
            f"{self.linked[0]}{others}: a link to a folder, which is followed; DVC does not see what changes in it: "
            "after a change run 'dvc repro --force cache_images'"
        )


def find_image_files(root: Path, folders: Sequence[str] = (".",)) -> ImageFiles:
    """List the image files below some folders of `root` and in the archives there, by their paths relative to it.

    Raises
    ------
    InputError
        If a folder is missing, cannot be read, or has no image files.
    """
    found: list[FoundFile] = []
    linked: list[str] = []
    irregular: dict[str, str] = {}
    for folder in folders:
        walk = FolderWalk(root, folder)
        own = list(walk.find_images())
        own += [member for archive in walk.archives for member in find_members(root, archive)]
        if all(one.passed_over for one in own):
            raise InputError(f"dataset.root: no image files below {root / folder} ({', '.join(sorted(SUFFIXES))})")
        found += own
        linked += walk.linked
        irregular |= walk.irregular
    return ImageFiles(sorted(found, key=attrgetter("file")), linked, irregular)


def describe_unread(found: Iterable[FoundFile]) -> Iterator[dict[str, Any]]:
    """Yield the rows of the index for the files that are not read."""
    for one in found:
        if not one.is_readable:
            yield {"file": one.file, "error": one.error, "passed_over": one.passed_over}


def match_names(files: Iterable[str], naming: Callable[[str], str]) -> Callable[[str], str]:
    """Return the function that names the image of a file or of a cell: blanks count only where a file has them too.

    Parameters
    ----------
    naming
        Makes the name of an image of a path: `image_name` or `strip_suffix`.
    """
    names = {naming(file) for file in files}
    by_trimmed = {_trim(name): name for name in sorted(names)} | {name: name for name in names}

    def name_image(file: str) -> str:
        name = naming(file)
        trimmed = _trim(name)
        return by_trimmed.get(name, by_trimmed.get(trimmed, trimmed))

    return name_image


def _trim(name: str) -> str:
    """Return a path without the blanks around it and around its parts."""
    return "/".join(part.strip() for part in name.split("/"))


def image_name(file: str) -> str:
    """Return the name of an image: its file name, without folders and without an image suffix."""
    return PurePosixPath(strip_suffix(file)).name


def strip_suffix(file: str) -> str:
    """Return a path without an image suffix, with forward slashes, in Unicode's composed form (NFC).

    Without NFC, a name with an accent has two spellings, depending on the system that wrote it. An image in an
    archive has the path that it would have if the archive were unpacked where it is.
    """
    path = leave_out_archives(unicodedata.normalize("NFC", file).replace("\\", "/"))
    stem, _, suffix = path.rpartition(".")
    return stem if f".{suffix.rstrip().lower()}" in ALL_SUFFIXES else path


def leave_out_archives(path: str) -> str:
    """Return a path without the archives that it leads through."""
    *folders, name = path.split("/")
    return "/".join([*(folder for folder in folders if not is_archive_name(folder)), name])
