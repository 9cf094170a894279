"""The table of what became of every row and image adds up."""

from collections.abc import Sequence
from typing import Any

import pytest

from lesions.datasets.refusals import LEFT_OUT
from lesions.report.accounting import BESIDE, Line, list_lines
from lesions.report.inputs import RunCounts, SplitSummary
from tests.runs import COUNTS, SPLIT

REASONS = dict(zip(LEFT_OUT, range(3, 99), strict=False))
DATA = COUNTS | {
    "num_rows": 900 + 12 + sum(REASONS.values()),
    "num_rejected": 12,
    "num_left_out_by_reason": REASONS,
    "num_unlisted_files": 17,
}
PARTED = SPLIT | {
    "num_images": {"train": 600, "val": 100, "test": 90},
    "num_conflicting_images_dropped": 30,
    "num_siblings_of_listed_dropped": 20,
    "num_external_images": 50,
    "num_external_images_dropped": 10,
}


def lines_of(data: dict[str, Any], split: dict[str, Any]) -> list[Line]:
    return list_lines(RunCounts(**data), SplitSummary(**split), data)


def check_sums(lines: Sequence[Line]) -> None:
    """Check that each total is the total before without what was taken off, and the last one the sum of its parts."""
    first, *rest = [line for line in lines if line.kind != "beside"]
    left = first.number
    parts = []
    for line in rest:
        if line.kind == "out":
            left -= line.number
        elif line.kind == "total":
            assert line.number == left, line
        else:
            parts.append(line.number)
    assert sum(parts) == left


def test_every_way_out_has_a_line_and_the_lines_add_up() -> None:
    lines = lines_of(DATA, PARTED)
    check_sums(lines)
    assert [(line.words, line.number) for line in lines if line.kind == "out"] == [
        ("refused (data/rejected.csv says why)", 12),
        *((f"left out: {LEFT_OUT[why]}", number) for why, number in REASONS.items()),
        ("left out: a copy has another diagnosis", 30),
        ("left out: tied to a test image of the list", 20),
        ("left out of other datasets: tied to an image to train on, or a copy has another diagnosis", 10),
    ]
    assert [(line.words, line.number) for line in lines if line.kind == "beside"] == [
        (BESIDE["num_unlisted_files"], 17)
    ]


def test_a_way_out_that_nothing_took_has_no_line() -> None:
    lines = lines_of(COUNTS, SPLIT)
    check_sums(lines)
    assert [(line.words, line.number) for line in lines] == [
        ("rows of the tables", 900),
        ("images", 900),
        ("images used", 900),
        ("for training", 700),
        ("for validation", 110),
        ("for test", 90),
    ]


@pytest.mark.parametrize("key", ["num_rejected", "num_conflicting_images_dropped", "num_external_images"])
def test_the_check_of_the_sums_notices_a_count_that_is_off(key: str) -> None:
    data, split = DATA | {key: 1} if key in DATA else DATA, PARTED | {key: 1} if key in PARTED else PARTED
    with pytest.raises(AssertionError):
        check_sums(lines_of(data, split))


def test_images_that_an_earlier_split_keeps_apart_have_a_line() -> None:
    kept = {"num_new": {}, "num_gone": {}, "num_apart_dropped": 4, "num_still_dropped": 3}
    split = PARTED | {"tested_by": "keep", "num_siblings_of_listed_dropped": 13, "kept": kept}
    lines = lines_of(DATA, split)
    check_sums(lines)
    assert [
        line.number for line in lines if line.words == "left out: tied to an image that was in validation or test"
    ] == [7]
