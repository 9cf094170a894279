"""What a model loses when its test images are blurred, darkened, turned or altered in other ways.

All conditions and the images as they are are scored on the same resamples of groups, and a loss is a paired difference.
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
from lesions.transforms.conditions import Condition

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
        return find_worst(self.changes)


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
