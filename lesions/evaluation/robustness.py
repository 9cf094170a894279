"""What a model loses when its test images are blurred, darkened, turned or altered in other ways.

Unaltered images and all conditions are scored on the same resamples of groups, and a loss is a paired difference.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.special import ndtri

from lesions.evaluation.binomial import LEVEL, TAIL
from lesions.evaluation.decisions import call_at, merge_sides
from lesions.evaluation.estimation import measure_metrics
from lesions.evaluation.interval import Difference, Estimate, estimate_difference, list_estimates
from lesions.evaluation.measurement import Measurement
from lesions.evaluation.operating_point import MALIGNANT
from lesions.evaluation.significance import correct_after_holm
from lesions.formats.json_file import PlotRows
from lesions.tables.predictions import Predictions
from lesions.transforms.conditions import Condition, hash_conditions

UNALTERED = "unaltered"
"""The images as they are, among the names of conditions."""


@dataclass(frozen=True)
class Change:
    """What a model scores under one condition, and how much more that is than on the images as they are."""

    condition: Condition
    value: float
    difference: Difference


@dataclass(frozen=True)
class Robustness:
    """One metric under all conditions.

    Attributes
    ----------
    metric
        Its name: balanced_accuracy or sensitivity.
    value
        The metric on the images as they are.
    changes
        The metric under each condition; there is at least one.
    worst_difference
        The lowest of the differences, with an interval that holds for all conditions together.
    """

    metric: str
    value: float
    changes: tuple[Change, ...]
    worst_difference: Estimate

    @property
    def worst(self) -> Change:
        """The condition under which the model loses most; of several, the first."""
        return min(self.changes, key=lambda change: change.difference.value)

    @property
    def num_beyond_noise(self) -> int:
        """Under how many conditions the metric is significantly lower, after Holm's correction for all of them."""
        return sum(change.difference.value < 0 and change.difference.is_beyond_noise for change in self.changes)


def list_robustness_rows(found: Sequence[Robustness]) -> PlotRows:
    """Return one plot row per metric, corruption and strength; `difference` is altered minus unaltered.

    One row: `{"corruption": "jpeg", "strength": 2, "setting": "quality 50", "metric": "balanced_accuracy", "value":
    0.71, "difference": -0.05, "low": -0.09, "high": -0.01}`. The metric is balanced_accuracy or sensitivity (of
    malignancy, at the threshold that was chosen on validation). `low` and `high` are the 95 % interval of this
    difference alone, and null where it is not known.
    """
    return [
        {
            "corruption": change.condition.corruption,
            "strength": change.condition.strength,
            "setting": change.condition.setting,
            "metric": one.metric,
            "value": change.value,
            "difference": change.difference.value,
            **change.difference.bounds,
        }
        for one in found
        for change in one.changes
    ]


def summarise_robustness(found: Sequence[Robustness]) -> dict[str, Any]:
    """Return the worst condition of each metric under flat names, with the interval that allows for the choice.

    `conditions_sha256` tells whether two files are of the same conditions, so that their worst can be compared.
    """
    conditions = [change.condition for change in found[0].changes] if found else []
    summary: dict[str, Any] = {
        "num_conditions": len(conditions),
        "conditions_sha256": hash_conditions(conditions),
    }
    for one in found:
        summary |= {
            f"unaltered_{one.metric}": one.value,
            f"num_{one.metric}_beyond_noise": one.num_beyond_noise,
            f"worst_{one.metric}": one.worst.value,
            f"worst_{one.metric}_corruption": one.worst.condition.corruption,
            f"worst_{one.metric}_strength": one.worst.condition.strength,
            **list_estimates({f"worst_{one.metric}_difference": one.worst_difference}),
        }
    return summary


def measure_accuracy(
    unaltered: Predictions, altered: Mapping[Condition, Predictions], *, seed: int = 0
) -> Robustness:
    """Compare the balanced accuracy under each condition with that on the images as they are.

    Parameters
    ----------
    unaltered
        Predictions of the test images.
    altered
        Predictions of the same images in the same order under each condition; there is at least one.
    """
    return _compare("balanced_accuracy", "balanced_accuracy", unaltered, altered, seed)


def measure_sensitivity(
    unaltered: Predictions,
    altered: Mapping[Condition, Predictions],
    *,
    sides: Sequence[bool | None],
    threshold: float,
    seed: int = 0,
) -> Robustness:
    """Compare the share of malignant images that are called malignant, as `measure_accuracy` compares.

    Parameters
    ----------
    sides
        Whether each class is malignant; None if it is neither malignant nor benign.
    threshold
        The probability from which an image is called malignant, chosen on validation.
    """

    def call(predictions: Predictions) -> Predictions:
        merged = merge_sides(predictions, sides)
        return call_at(merged.keep(merged.y_true == MALIGNANT), threshold)

    called = {condition: call(predictions) for condition, predictions in altered.items()}
    # Of malignant images alone, the accuracy is the sensitivity.
    return _compare("sensitivity", "accuracy", call(unaltered), called, seed)


def _compare(
    name: str, metric: str, unaltered: Predictions, altered: Mapping[Condition, Predictions], seed: int
) -> Robustness:
    by_name = {condition.name: predictions for condition, predictions in altered.items()}
    measured = measure_metrics({UNALTERED: unaltered, **by_name}, seed=seed, metrics=[metric])
    reference = measured.pop(UNALTERED)[metric]
    gains = [measurements[metric] - reference for measurements in measured.values()]
    differences = [estimate_difference(gain) for gain in gains]
    corrected = correct_after_holm([difference.p_value for difference in differences])
    changes = tuple(
        Change(condition, measured[condition.name][metric].value, replace(difference, p_holm=p_holm))
        for condition, difference, p_holm in zip(altered, differences, corrected, strict=True)
    )
    return Robustness(name, reference.value, changes, bound_worst(gains))


def bound_worst(differences: Sequence[Measurement]) -> Estimate:
    """Return the lowest of some differences, with a 95 % interval that allows for its having been chosen.

    Its own interval is widened by how much farther the one of all differences that moves most moves over the
    resamples than it does by itself. An interval of this width around each difference contains all true ones together
    in 95 % of test sets, and so also that of the lowest, whichever it is.
    """
    lowest = min(differences, key=lambda difference: difference.value)
    alone = estimate_difference(lowest)
    resamples = np.stack([difference.resamples for difference in differences])
    moves = np.abs(resamples - resamples.mean(axis=1, keepdims=True))
    together = float(np.quantile(moves.max(axis=0), LEVEL))
    own = float(ndtri(1 - TAIL) * lowest.resamples.std())
    widening = max(1.0, together / own) if own else 1.0
    # Where the lowest is the same on all resamples, there is nothing to widen, and the others may still differ.
    below, above = (max(together, widening * abs(alone.value - bound)) for bound in (alone.low, alone.high))
    return Estimate(alone.value, max(-1.0, alone.value - below), min(1.0, alone.value + above))
