"""Which figures of a model count: those that a metric can have, and that the digest of its predictions confirms.

A digest holds no predictions of altered images. Of these, figures count if the file that they are in says of the
unaltered images what the digest does.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard, get_args

from lesions.evaluation.estimation import HeadlineMetric
from lesions.evaluation.reliability import HIGHEST_LOSSES
from lesions.evaluation.summary import summarise_scores
from lesions.gate.metrics import ModelMetrics, RevisionMetrics
from lesions.gate.rules import is_of_networks
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

UNALTERED = "unaltered_balanced_accuracy"
"""What `robustness.json` says of the images that the digest is of."""

CONDITIONS = "conditions_sha256"
"""Its hash of what altered the images."""


@dataclass(frozen=True)
class Figures:
    """The figures of one model in one revision, by metric.

    Attributes
    ----------
    stated
        Those in `metrics/<model>/test.json` and `robustness.json` that are numbers which the metric can have.
    confirmed
        Those of them that the digest gives too.
    problems
        Why the others do not count, one sentence each.
    conditions
        The hash of what altered the images of `robustness.json`; None where no rule names a figure of it.
    """

    stated: Mapping[str, float]
    confirmed: Mapping[str, float]
    problems: tuple[str, ...]
    conditions: str | None = None


def confirm_figures(revision: RevisionMetrics, model: str, metrics: Collection[str]) -> Figures:
    """Hold the metrics that rules name against the scores of the predictions in the digest."""
    held = revision.models[model]
    if held.values is None:
        return Figures({}, {}, held.problems)
    scores = summarise_scores(held.digest) if held.digest else {}
    altered = [metric for metric in metrics if is_of_networks(metric) and not held.is_ensemble]
    parts = [_confirm_test(revision, model, [metric for metric in metrics if not is_of_networks(metric)], scores)]
    if altered:
        source = f"{ModelPaths(model).metrics_file('robustness')} of {revision.name}"
        parts.append(_confirm_robustness(held, altered, scores, source))
    return Figures(
        {name: value for part in parts for name, value in part.stated.items()},
        {name: value for part in parts for name, value in part.confirmed.items()},
        tuple(problem for part in parts for problem in part.problems),
        parts[-1].conditions,
    )


def _confirm_test(
    revision: RevisionMetrics, model: str, metrics: Iterable[str], scores: Mapping[str, Any]
) -> Figures:
    held = revision.models[model]
    assert held.values is not None
    values, problems = held.values, list(held.problems)
    stated: dict[str, float] = {}
    confirmed: dict[str, float] = {}
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


def _confirm_robustness(
    held: ModelMetrics, metrics: Iterable[str], scores: Mapping[str, Any], source: str
) -> Figures:
    """Take the figures of `robustness.json` if its score of the unaltered images is that of the digest."""
    if isinstance(held.robustness, str):
        return Figures({}, {}, (held.robustness,))
    values, stated, problems = held.robustness, {}, []
    for metric in metrics:
        name = metric.partition(".")[2]
        if name not in values:
            present = ", ".join(name for name, value in values.items() if _is_number(value, HIGHEST_COUNT, lowest=-1))
            problems.append(f"{source} has no {name}; it has {present or 'no score'}")
        elif not _is_number(values[name], HIGHEST_COUNT, lowest=-1):
            problems.append(f"{source}: {name}: expected a number of at least -1, got {values[name]!r:.80}")
        else:
            stated[metric] = float(values[name])
    unaltered, score = values.get(UNALTERED), scores.get("balanced_accuracy")
    is_same = _is_number(unaltered, 1) and score is not None and abs(unaltered - score) <= TOLERANCE
    if held.digest and not is_same:
        problems.append(
            f"{source}: {UNALTERED} is {unaltered!r:.80}, but the predictions in digest.json beside it give "
            f"{score:.4f}: the two files are not of the same run"
        )
    conditions = values.get(CONDITIONS)
    if not isinstance(conditions, str):
        problems.append(f"{source}: {CONDITIONS}: expected a hash, got {conditions!r:.80}")
        return Figures(stated, {}, tuple(problems))
    return Figures(stated, stated if is_same else {}, tuple(problems), conditions)


def find_tolerance(metric: str, num_images: int) -> float:
    """Return how far a figure may be from that of the digest; rounding can move two scores further than others.

    A tie in a rare class changes its average precision, and an image that moves to the next bin of the calibration
    error changes two bins by one image each.
    """
    wider = {"mean_average_precision": TOLERANCE, "expected_calibration_error": 2 / num_images}
    return TOLERANCE + wider.get(metric, 0)


def _is_number(value: Any, highest: float, *, lowest: float = 0) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and lowest <= value <= highest
