"""Score a model on datasets that it was not trained on, and compare with its own test images."""

from typing import Any

import numpy as np

from lesions.evaluation.estimation import estimate_metrics
from lesions.evaluation.interval import list_estimates, subtract_independent
from lesions.tables.predictions import Predictions

METRICS = ("balanced_accuracy", "macro_roc_auc")
"""Only metrics that do not depend on the shares of the diagnoses. Macro F1, average precision, PPV and calibration
differ between two datasets with other shares, even where the model is as good on each diagnosis."""


def score_external(test: Predictions, external: Predictions) -> dict[str, dict[str, Any]]:
    """Score a model on each other dataset, and measure how much it loses there.

    Both the dataset and the test images are scored on the classes that both have. A class that only one of them has
    can still be predicted, and is then wrong.

    Parameters
    ----------
    external
        Predictions with the `source` of each image.

    Returns
    -------
    dict
        For each source that shares at least two classes with the test images: the sizes, each metric with its
        interval, the same metric on the test images (`own_…`), and the difference (`…_lost`), over resamples of both.
    """
    by_source = {
        str(source): external.keep((external.images.source == source).to_numpy())
        for source in sorted(external.images.source.unique())
    }
    return {
        source: _score_one(test, other)
        for source, other in by_source.items()
        if len(np.intersect1d(test.y_true, other.y_true)) > 1
    }


def _score_one(test: Predictions, other: Predictions) -> dict[str, Any]:
    shared = np.intersect1d(test.y_true, other.y_true)
    test, other = (predictions.keep(np.isin(predictions.y_true, shared)) for predictions in (test, other))
    # Different seeds, because resamples of different groups are independent.
    own, there = (
        estimate_metrics(predictions, seed=seed, metrics=METRICS) for seed, predictions in enumerate((test, other))
    )
    scores: dict[str, Any] = {
        "num_images": len(other.images),
        "num_groups": int(other.images.group_id.nunique()),
        "num_classes": len(shared),
    }
    for metric in METRICS:
        if metric in own and metric in there:
            lost = subtract_independent(own[metric], there[metric])
            scores |= list_estimates({metric: there[metric], f"own_{metric}": own[metric], f"{metric}_lost": lost})
    return scores
