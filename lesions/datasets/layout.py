"""The folders of images whose diagnoses are folders: splits, and a folder that holds everything."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from lesions.images.files import leave_out_archives

SPLITS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation"), "val"),
    **dict.fromkeys(("test", "testing"), "test"),
}
"""The published split of a folder above the diagnoses, by its name in lower case."""


class Place(NamedTuple):
    """Where an image lies: the folder of its diagnosis, if any, and the published split."""

    diagnosis: str | None
    split: str


def find_wrapper(files: Collection[str], is_diagnosis: Callable[[str], bool]) -> str:
    """Return the folder that holds all image files and is neither a diagnosis nor a split; empty if there is none.

    Files that lie in no folder do not count, and an archive is no folder. A folder with images of its own is taken
    for one that holds everything only if a folder in it is a diagnosis or a split: else its own name may be a
    diagnosis that is not known yet.
    """
    paths = [path.split("/")[:-1] for path in map(leave_out_archives, files) if "/" in path]
    wrapper: list[str] = []
    while len({path[0] for path in paths}) == 1:
        folder, below = paths[0][0], [path[1:] for path in paths]
        is_known = any(is_diagnosis(path[0]) or path[0].lower() in SPLITS for path in below if path)
        if is_diagnosis(folder) or folder.lower() in SPLITS or not (is_known or all(below)):
            break
        wrapper.append(folder)
        paths = [path for path in below if path]
    return "/".join(wrapper)


def find_places(files: Sequence[str], above: str) -> Mapping[str, Place]:
    """Return where each file lies; `above` is the beginning of the paths that was stepped over."""
    return {file: _find_place(leave_out_archives(file).removeprefix(above)) for file in files}


def _find_place(file: str) -> Place:
    folders = file.split("/")[:-1]
    split = SPLITS.get(folders[0].lower(), "") if folders else ""
    below = folders[1:] if split else folders
    return Place(below[0] if below else None, split)
