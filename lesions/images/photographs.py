"""Telling photographs from the masks, thumbnails and previews beside them, by the names of files and folders."""

import re
from collections.abc import Iterable, Iterator
from posixpath import splitext

from lesions.images.files import image_name
from lesions.images.folders import PROGRAM_FOLDERS

IN_PROGRAM_FOLDER = "lies in a folder that a program keeps for itself"
IN_DERIVED_FOLDER = "lies in a folder of masks or thumbnails, and the image itself in another"
DERIVED_NAME = "has another image's name with a word for masks or thumbnails"
DERIVED_FORMAT = "has the name of an image beside it with a word behind, and another format"

WORDS = frozenset(
    {"annotation", "annotated", "attribute", "binary", "contour", "groundtruth", "gt", "label", "outline", "overlay"}
    | {"mask", "masked", "maske", "seg", "segm", "segment", "segmentation", "segmented", "superpixel", "truth"}
    | {"gradcam", "heatmap", "saliency"}
    | {"crop", "cropped", "downsampled", "downscaled", "downsized", "lowres", "preview", "resized", "scaled", "small"}
    | {"thumb", "thumbnail", "tiny", "tn"}
)
"""Words in the names of images that were made from a photograph, in lower case and without a plural s."""

WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+|[^\W\d_]+")
"""A word in a name: small letters, perhaps after a capital one; capital letters; or digits."""

SIZE = re.compile(r"[\W_]+\d{2,4}x\d{2,4}$")
"""The size that programs for websites put behind the name of a smaller copy, such as `-150x150`."""


def find_derived(files: Iterable[str]) -> dict[str, str]:
    """Return the files that are no photographs of their own, each with the rule that says so.

    A number or a letter behind a name says nothing: `IMG_1` and `IMG_1_2` are two photographs, and so are `A17` and
    `A17b`. A word does, if it is one of `WORDS`, or if the format differs: `A17.jpg` and `A17_left.jpg` are two
    photographs, `A17_mask.jpg` is none, and `A17_lesion.png` beside `A17.jpg` is none either.

    Parameters
    ----------
    files
        The paths of all image files of a dataset, with forward slashes.
    """
    derived: dict[str, str] = {}
    plain: list[str] = []
    in_derived_folders: list[str] = []
    for file in files:
        folders = file.split("/")[:-1]
        if any(folder.casefold() in PROGRAM_FOLDERS for folder in folders):
            derived[file] = IN_PROGRAM_FOLDER
        else:
            (in_derived_folders if any(map(_has_word, folders)) else plain).append(file)
    names = {image_name(file).casefold() for file in plain}
    for file in in_derived_folders:
        name = image_name(file)
        if name.casefold() in names or _has_derived_name(name, names):
            derived[file] = IN_DERIVED_FOLDER
    others = [*plain, *(file for file in in_derived_folders if file not in derived)]
    names = {image_name(file).casefold() for file in others}
    formats = {_stem(file): _format(file) for file in others}
    for file in others:
        if _has_derived_name(image_name(file), names):
            derived[file] = DERIVED_NAME
        elif _has_other_format(file, formats):
            derived[file] = DERIVED_FORMAT
    return derived


def _has_word(name: str) -> bool:
    words = [word.lower() for word in WORD.findall(name)]
    return any(word in WORDS or word.removesuffix("s") in WORDS for word in words)


def _split(name: str) -> Iterator[tuple[str, str]]:
    """Yield a name's beginning and its rest, for each end of a word."""
    for word in WORD.finditer(name):
        if word.end() < len(name):
            yield name[: word.end()], name[word.end() :]


def _has_derived_name(name: str, names: set[str]) -> bool:
    """Return whether a name is another's with a word for masks or thumbnails, or a size, behind or before it."""
    if not _has_word(name) and not SIZE.search(name):
        return False
    for start, rest in _split(name):
        if start.casefold() in names and (_has_word(rest) or SIZE.fullmatch(rest)):
            return True
        if rest.lstrip(" _-.").casefold() in names and _has_word(start):
            return True
    return False


def _has_other_format(file: str, formats: dict[str, str]) -> bool:
    """Return whether a file has the name of one beside it with a word behind it, and another format."""
    folder, _, name = _stem(file).rpartition("/")
    for start, rest in _split(name):
        beside = formats.get(f"{folder}/{start}" if folder else start)
        if beside not in (None, _format(file)) and re.search(r"[\W_][^\W\d_]{2,}", rest):
            return True
    return False


def _stem(file: str) -> str:
    """Return a path without its suffix; a name in an HDF5 file has none."""
    return splitext(file)[0].casefold()


def _format(file: str) -> str:
    """Return the format that a file's suffix stands for."""
    suffix = splitext(file)[1].removeprefix(".").strip().lower()
    return {"jpeg": "jpg", "jpe": "jpg", "jfif": "jpg", "tiff": "tif"}.get(suffix, suffix)
