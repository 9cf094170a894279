"""How abstaining at low confidence lowers the error rate."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from lesions.evaluation.curves import choose_points
from lesions.evaluation.proportions import estimate_proportions
from lesions.tables.predictions import Predictions


def list_risk_by_coverage(predictions: Predictions) -> Iterator[dict[str, Any]]:
    """Yield the error rate of the most confident images against their share of all images, with its interval.

    The images are ordered by the stated probability of the class that they are called: it is this call that is
    withheld where the probability is low. Images of equal probability are answered together. The interval is over
    groups, for this order of the images.
    """
    confidence = predictions.confidence
    wrong = predictions.y_pred != predictions.y_true
    least = np.unique(confidence)[::-1]
    answered = [confidence >= least[index] for index in choose_points(len(least))]
    risks = estimate_proportions(wrong, answered, predictions.images.group_id)
    for among, risk in zip(answered, risks, strict=True):
        yield {"coverage": float(among.mean()), "risk": risk.value, "low": risk.low, "high": risk.high}
