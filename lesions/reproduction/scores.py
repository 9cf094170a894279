"""Judging the scores of one stage: whether they came out again, and if not, whether within their intervals."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, TypeGuard

from lesions.errors import cut_value
from lesions.reproduction.recorded import MACHINE, iterate_figures

ROUNDING = 1.5e-6
"""Scores are written with six decimals: two that differ by one unit of the last are the same within rounding."""

CHOSEN = re.compile(r"method|shifts_prior|int8|runner_up|processor_has_vnni|(worst|lowest)_\w+_(corruption|subgroup)")
"""Names of texts that say what was chosen among alternatives whose scores are judged themselves, or the machine's."""

INTERVALS = ("test.json", "intervals.json")
"""The intervals of the scores in the first file are in the second, beside it."""

Metrics = Mapping[str, Mapping[str, Any]]
"""The content of metrics files, by their paths."""


@dataclass(frozen=True)
class ScoreChanges:
    """How the scores of a stage differ from those that were recorded.

    Attributes
    ----------
    num_figures
        The figures and texts in either.
    num_within, outside
        The scores with a stored interval that lie within it, whether or not they differ, and a description of each
        that does not.
    num_unjudged
        The figures that differ and have no interval.
    chosen
        What was chosen otherwise.
    contradictions
        The texts that differ and have to be the same: hashes of images, and conclusions.
    """

    num_figures: int
    num_within: int
    outside: tuple[str, ...]
    num_unjudged: int
    chosen: tuple[str, ...]
    contradictions: tuple[str, ...]
    are_equal: bool


def compare_scores(recorded: Metrics, now: Metrics) -> ScoreChanges:
    """Compare the metrics files of a stage with those that were recorded."""
    here, there = _list_figures(recorded), _list_figures(now)
    outside: list[str] = []
    chosen: list[str] = []
    contradictions: list[str] = []
    num_within = num_unjudged = 0
    changed = [key for key in sorted(here.keys() | there.keys()) if not _is_close(here.get(key), there.get(key))]
    for key in sorted(here):
        interval = _find_interval(here, key)
        if interval is not None:
            if _lies_in(there.get(key), interval):
                num_within += 1
            else:
                outside.append(f"{_describe(key, here, there)}, outside {interval[0]:g} to {interval[1]:g}")
    for key in changed:
        if _is_bound(here, key) or _find_interval(here, key) is not None:
            continue
        if any(isinstance(figures.get(key), str | bool) for figures in (here, there)):
            (chosen if CHOSEN.fullmatch(key[1]) else contradictions).append(_describe(key, here, there))
        else:
            num_unjudged += 1
    return ScoreChanges(
        num_figures=len(here.keys() | there.keys()),
        num_within=num_within,
        outside=tuple(outside),
        num_unjudged=num_unjudged,
        chosen=tuple(chosen),
        contradictions=tuple(contradictions),
        are_equal=not changed,
    )


Key = tuple[str, str]
"""The path of a metrics file, and the name of a figure in it."""


def _list_figures(metrics: Metrics) -> dict[Key, Any]:
    return {
        (path, name): value
        for path, content in metrics.items()
        if PurePosixPath(path).name != MACHINE
        for name, value in iterate_figures(content)
    }


def _find_interval(figures: Mapping[Key, Any], key: Key) -> tuple[float, float] | None:
    """Return the stored interval of a score; None if it has none, or one without width, which says nothing."""
    path, name = key
    file = PurePosixPath(path)
    if not _is_number(figures.get(key)):
        return None
    for source in (path, str(file.with_name(INTERVALS[1])) if file.name == INTERVALS[0] else path):
        low, high = figures.get((source, f"{name}_low")), figures.get((source, f"{name}_high"))
        if _is_number(low) and _is_number(high) and high - low > ROUNDING:
            return low, high
    return None


def _is_bound(figures: Mapping[Key, Any], key: Key) -> bool:
    path, name = key
    base, _, end = name.rpartition("_")
    scored = str(PurePosixPath(path).with_name(INTERVALS[0]))
    return end in ("low", "high") and ((path, base) in figures or (scored, base) in figures)


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_close(first: Any, second: Any) -> bool:
    if _is_number(first) and _is_number(second):
        return math.isclose(first, second, rel_tol=0, abs_tol=ROUNDING)
    return type(first) is type(second) and first == second


def _lies_in(value: Any, interval: tuple[float, float]) -> bool:
    return _is_number(value) and interval[0] - ROUNDING <= value <= interval[1] + ROUNDING


def _describe(key: Key, recorded: Mapping[Key, Any], now: Mapping[Key, Any]) -> str:
    path, name = key
    before, after = (cut_value(figures[key]) if key in figures else "nothing" for figures in (recorded, now))
    return f"{name} of {path.removeprefix('metrics/')} was {before}, is {after}"
