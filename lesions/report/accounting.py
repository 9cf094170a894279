"""What became of every row of the tables and of every image, as a table whose numbers add up."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from lesions.datasets.refusals import LEFT_OUT
from lesions.drawing.style import spell
from lesions.report.inputs import RunCounts, SplitSummary

BESIDE = {
    "num_unlisted_files": "image files that no row names",
    "num_passed_over_files": "image files that were passed over, such as masks and thumbnails",
}
"""Keys of `metrics/data.json` that count something else than rows and images, and the words for them."""


@dataclass(frozen=True)
class Line:
    """A line of the table.

    Attributes
    ----------
    kind
        `total`: the total before, without what was taken off since; `out`: taken off; `part`: a part of the total
        before; `beside`: in no sum.
    """

    words: str
    number: int
    kind: Literal["total", "out", "part", "beside"]


def list_lines(counts: RunCounts, split: SplitSummary, data: Mapping[str, Any]) -> list[Line]:
    """Return the lines of the table; a way out that nothing took has no line.

    Parameters
    ----------
    data
        The content of `metrics/data.json`.
    """
    parts = {
        "for training": split.num_images["train"],
        "for validation": split.num_images["val"],
        "for test": split.num_images["test"],
        "of other datasets, only scored": split.num_external_images,
    }
    rows_out = {
        "refused (data/rejected.csv says why)": counts.num_rejected,
        **{f"left out: {LEFT_OUT.get(why, spell(why))}": n for why, n in counts.num_left_out_by_reason.items()},
    }
    images_out = {
        "left out: a copy has another diagnosis": split.num_conflicting_images_dropped,
        "left out: tied to a test image of the list": split.num_siblings_of_listed_dropped,
        "left out: tied to an image that was in validation or test": split.num_kept_apart_dropped,
        "left out of other datasets: tied to an image to train on, or a copy has another diagnosis": (
            split.num_external_images_dropped
        ),
    }
    lines = [
        Line("rows of the tables", counts.num_rows, "total"),
        *(Line(words, number, "out") for words, number in rows_out.items()),
        Line("images", counts.num_images, "total"),
        *(Line(words, number, "out") for words, number in images_out.items()),
        Line("images used", sum(parts.values()), "total"),
        *(Line(words, number, "part") for words, number in parts.items()),
        *(Line(words, data[key], "beside") for key, words in BESIDE.items() if key in data),
    ]
    return [line for line in lines if line.number or line.kind == "total"]
