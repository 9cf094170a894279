"""How a model does on datasets that it was not trained on, beside its own test images."""

from typing import Any

import numpy as np

from lesions.evaluation.comparison import measure_metrics
from lesions.evaluation.interval import Measurement, estimate_difference, estimate_score, list_estimates
from lesions.evaluation.predictions import Predictions

METRICS = ("balanced_accuracy", "macro_f1", "macro_roc_auc")


def score_external(test: Predictions, external: Predictions) -> dict[str, dict[str, Any]]:
    """Score a model on each other dataset, and how much it loses there.

    Each is scored by the classes that both it and the test images have, and so are the test images beside it; a class
    that only one of them has can still be predicted, and is then wrong.

    Parameters
    ----------
    external
        With the `source` of each image.

    Returns
    -------
    dict
        For each source that shares two classes or more with the test images: the sizes, each metric with its
        interval, the same of the test images (`own_…`), and the difference (`…_lost`), over resamples of both.
    """
    by_source = {
        str(source): external.keep((external.images.source == source).to_numpy())
        for source in sorted(external.images.source.unique())
    }
    return {
        source: _score_one(test, found)
        for source, found in by_source.items()
        if len(np.intersect1d(test.y_true, found.y_true)) > 1
    }


def _score_one(test: Predictions, other: Predictions) -> dict[str, Any]:
    shared = np.intersect1d(test.y_true, other.y_true)
    test, other = (found.keep(np.isin(found.y_true, shared)) for found in (test, other))
    # Seeds of their own: resamples of different groups are independent of each other.
    own, there = (measure_metrics({"": found}, seed=seed)[""] for seed, found in enumerate((test, other)))
    scores: dict[str, Any] = {
        "num_images": len(other.images),
        "num_groups": int(other.images.group_id.nunique()),
        "num_classes": len(shared),
    }
    for metric in METRICS:
        if metric in own and metric in there:
            scores |= list_estimates(
                {
                    metric: estimate_score(there[metric]),
                    f"own_{metric}": estimate_score(own[metric]),
                    f"{metric}_lost": estimate_difference(_subtract(own[metric], there[metric])),
                }
            )
    return scores


def _subtract(first: Measurement, second: Measurement) -> Measurement:
    """Return the difference of a metric on two sets of images that share no group."""
    return Measurement(
        first.value - second.value,
        first.resamples - second.resamples,
        np.concatenate([first.influences, -second.influences]),
    )
