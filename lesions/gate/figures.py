"""Which figures of a model count: those that a metric can have, and that the digest of its predictions confirms."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard, get_args

from lesions.evaluation.estimation import HeadlineMetric
from lesions.evaluation.reliability import HIGHEST_LOSSES
from lesions.evaluation.summary import summarise_scores
from lesions.gate.metrics import RevisionMetrics
from lesions.tables.paths import ModelPaths

HIGHEST = {
    **dict.fromkeys(get_args(HeadlineMetric), 1.0),
    "expected_calibration_error": 1.0,
    **HIGHEST_LOSSES,
}
"""The highest value of each score; the lowest is 0. A digest holds no log-probability below -10,000."""

HIGHEST_COUNT = 1e7
"""The highest value of anything else in `test.json`, such as the number of images."""

TOLERANCE = 0.01
"""How far a figure may be from that of the digest, whose probabilities are rounded."""


@dataclass(frozen=True)
class Figures:
    """The figures of one model in one revision, by metric.

    Attributes
    ----------
    stated
        Those in `metrics/<model>/test.json` that are numbers which the metric can have.
    confirmed
        Those of them that the digest gives too.
    problems
        Why the others do not count, one sentence each.
    """

    stated: Mapping[str, float]
    confirmed: Mapping[str, float]
    problems: tuple[str, ...]


def confirm_figures(revision: RevisionMetrics, model: str, metrics: Iterable[str]) -> Figures:
    """Hold the metrics in `test.json` that rules name against the scores of the predictions in the digest."""
    held = revision.models[model]
    if held.values is None:
        return Figures({}, {}, held.problems)
    values, problems = held.values, list(held.problems)
    stated: dict[str, float] = {}
    confirmed: dict[str, float] = {}
    scores = summarise_scores(held.digest) if held.digest else {}
    num_images = scores.get("num_images", 0)
    source = f"{ModelPaths(model).metrics_file('test')} of {revision.name}"
    for metric in metrics:
        value, score, highest = values.get(metric), scores.get(metric), HIGHEST.get(metric, HIGHEST_COUNT)
        if metric not in values:
            present = ", ".join(name for name in values if name in scores or name in HIGHEST)
            problems.append(f"{source} has no {metric}; it has {present or 'no score'}")
        elif not _is_number(value, highest):
            problems.append(f"{source}: {metric}: expected a number from 0 to {highest:g}, got {value!r:.80}")
        else:
            stated[metric] = float(value)
            if score is not None and abs(value - score) <= max(1, score) * find_tolerance(metric, num_images):
                confirmed[metric] = float(value)
            elif held.digest:
                given = "no such metric" if score is None else f"{score:.4f}"
                problems.append(
                    f"{source}: {metric} is {value:.4f}, but the predictions in digest.json beside it give {given}: "
                    "the two files are not of the same run"
                )
    return Figures(stated, confirmed, tuple(problems))


def find_tolerance(metric: str, num_images: int) -> float:
    """Return how far a figure may be from that of the digest; rounding can move two scores further than others.

    A tie in a rare class changes its average precision, and an image that moves to the next bin of the calibration
    error changes two bins by one image each.
    """
    wider = {"mean_average_precision": TOLERANCE, "expected_calibration_error": 2 / num_images}
    return TOLERANCE + wider.get(metric, 0)


def _is_number(value: Any, highest: float) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= highest
