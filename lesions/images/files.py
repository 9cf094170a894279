"""Finding the image files of a dataset."""

from pathlib import Path, PurePosixPath

from lesions.errors import InputError

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"})


def find_image_files(root: Path) -> list[str]:
    """List the image files below a folder, relative to it, with forward slashes, sorted.

    Raises
    ------
    InputError
        If the folder is missing or has no image files.
    """
    if not root.is_dir():
        raise InputError(f"dataset.root: there is no folder {root}")
    files = sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.suffix.lower() in SUFFIXES)
    if not files:
        raise InputError(f"dataset.root: no image files below {root} ({', '.join(sorted(SUFFIXES))})")
    return files


def image_name(file: str) -> str:
    """Return the name that an image goes by: its file's, without folders and without the suffix of an image."""
    name = PurePosixPath(file).name
    stem, _, suffix = name.rpartition(".")
    return stem if f".{suffix.lower()}" in SUFFIXES else name
