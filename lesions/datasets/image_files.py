"""Which image file is the image of a row, and which files are no image of their own."""

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Mapping
from typing import Any

import pandas as pd

from lesions.datasets.refusals import RefusedError
from lesions.images.kinds import SUFFIXES

Image = dict[str, Any]
"""The row of the index for one file, by column."""

OTHER_FORMAT = "is not read, and another file of the same name is"
REPEATED = "has the name and the bytes of another file"


class ImageFiles:
    """The image files of a dataset, by `image_id`.

    Parameters
    ----------
    images
        The index of the dataset's image files; `file` is relative to the dataset's folder.
    to_image_id
        Returns the `image_id` of a file.
    derived
        The files that are no photographs by their names, each with the rule that says so.
    wanted
        Whatever their names, files of these `image_id` are used, unless there is another of the same.
    to_repeated
        Returns what files of the same bytes must have in common to count as one; by default their `image_id`.

    Attributes
    ----------
    passed_over
        The files that are no images of their own, each with the reason.
    """

    def __init__(
        self,
        images: pd.DataFrame,
        to_image_id: Callable[[str], str],
        *,
        derived: Mapping[str, str],
        wanted: Collection[str],
        to_repeated: Callable[[str], Hashable] | None = None,
    ) -> None:
        self.passed_over: dict[str, str] = {}
        self._by_id: dict[str, list[Image]] = defaultdict(list)
        for row in images.to_dict("records"):
            image = {str(key): value for key, value in row.items()}
            reason = image.pop("passed_over")
            if pd.isna(reason):
                self._by_id[to_image_id(image["file"])].append(image)
            else:
                self.passed_over[image["file"]] = reason
        for image_id, same in self._by_id.items():
            self._pass_over_derived(same, derived, is_wanted=image_id in wanted)
            self._pass_over_unread(same)
        self._pass_over_repeated(to_repeated or to_image_id)
        self._in_any_case = {image_id.casefold(): same[0]["file"] for image_id, same in self._by_id.items() if same}

    @property
    def files(self) -> list[str]:
        """The files that are images of their own, sorted."""
        return sorted(image["file"] for same in self._by_id.values() for image in same)

    def find(self, image_id: str, column: str) -> Image:
        """Return the properties of an image's file; no file, several, or a broken one raises RefusedError."""
        files = self._by_id.get(image_id, [])
        if len(files) > 1:
            names = f"{files[0]['file']} and {files[1]['file']}"
            raise RefusedError("file", names, f"the image has {len(files)} files of different contents")
        if not files:
            alike = self._in_any_case.get(image_id.casefold())
            reason = "has no image file" if alike is None else "has no image file; there is one in other capitals"
            raise RefusedError(column, image_id if alike is None else f"{image_id} (there is {alike})", reason)
        image = dict(files[0])
        error = image.pop("error")
        if pd.isna(image["row"]):
            raise RefusedError("file", image["file"], error)
        return image

    def _pass_over_derived(self, same: list[Image], derived: Mapping[str, str], *, is_wanted: bool) -> None:
        """Leave no derived file among the files of one image, unless the image is wanted and has no other file."""
        reasons = {image["file"]: derived[image["file"]] for image in same if image["file"] in derived}
        if not is_wanted or len(reasons) < len(same):
            self._pass_over(same, reasons)

    def _pass_over_unread(self, same: list[Image]) -> None:
        """Leave no file of a format that is not read beside one that is, such as the raw file of a photograph."""
        unread = [image["file"] for image in same if _is_unread(image)]
        if len(unread) < len(same):
            self._pass_over(same, dict.fromkeys(unread, OTHER_FORMAT))

    def _pass_over_repeated(self, to_repeated: Callable[[str], Hashable]) -> None:
        """Leave the first of the files that are the same to the byte."""
        seen: set[tuple[Hashable, str]] = set()
        for same in self._by_id.values():
            repeated: dict[str, str] = {}
            for image in same:
                key = (to_repeated(image["file"]), image["sha256"])
                if pd.notna(image["sha256"]) and key in seen:
                    repeated[image["file"]] = REPEATED
                seen.add(key)
            self._pass_over(same, repeated)

    def _pass_over(self, same: list[Image], reasons: Mapping[str, str]) -> None:
        self.passed_over |= reasons
        same[:] = [image for image in same if image["file"] not in reasons]


def _is_unread(image: Image) -> bool:
    """Return whether a file was not even read, and not meant to be by its suffix."""
    was_read = bool(pd.notna(image["row"]) or pd.notna(image["sha256"]))
    return not was_read and not image["file"].rstrip().lower().endswith(tuple(SUFFIXES))
