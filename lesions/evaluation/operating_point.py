"""What a model is worth at the threshold for malignancy, and in each diagnosis against the rest."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lesions.evaluation.binary_calibration import score_binary_calibration
from lesions.evaluation.decisions import call_at, count_decisions, score_decisions
from lesions.evaluation.interval import Estimate, leave_unbounded, list_estimates
from lesions.evaluation.net_benefit import estimate_benefit_at
from lesions.evaluation.partial_area import estimate_partial_area
from lesions.evaluation.prevalence import estimate_predictive_values
from lesions.evaluation.thresholds import Threshold, calls_all, estimate_with_luck
from lesions.evaluation.units import Units, list_units
from lesions.tables.predictions import Predictions

MALIGNANT = 1
"""The class of merged predictions, whose other class is benign."""

SCORES = ("sensitivity", "specificity", "ppv", "npv")


def summarise_threshold(val: Predictions, threshold: Threshold) -> dict[str, Any]:
    """Return the threshold and what it does on validation, under flat names.

    Parameters
    ----------
    val
        Predictions of benign and malignant, called at the threshold.
    """
    return {
        "threshold": threshold.value,
        "threshold_calls_all": threshold.calls_all,
        "expected_sensitivity": threshold.expected_sensitivity,
        "val_sensitivity": float(_find_called(val).mean()),
        "num_val_malignant": threshold.num_images,
    }


def summarise_operating_point(val: Predictions, test: Predictions, threshold: Threshold) -> dict[str, Any]:
    """Return all scores of the threshold on test, under flat names.

    Parameters
    ----------
    val, test
        Predictions of benign and malignant, called at the threshold, with their metadata.
    """
    truth, probability = test.y_true == MALIGNANT, test.y_prob[:, MALIGNANT]
    val_groups, test_groups = (split.images.group_id[split.y_true == MALIGNANT] for split in (val, test))
    with_luck = leave_unbounded(1.0)
    if not threshold.calls_all:
        with_luck = estimate_with_luck(_find_called(val), val_groups, _find_called(test), test_groups)
    benefits: dict[str, Estimate] = {}
    if threshold.value < 1:
        benefits = estimate_benefit_at(truth, probability, test.images.group_id, threshold.value)
    return {
        "num_malignant": int(truth.sum()),
        "num_benign": int((~truth).sum()),
        **list_estimates(
            {
                "sensitivity_with_luck": with_luck,
                **estimate_partial_area(truth, probability, test.images.group_id),
                **benefits,
                **score_binary_calibration(test),
            }
        ),
    }


def _find_called(predictions: Predictions) -> NDArray[np.bool_]:
    """Return which of the malignant images (M,) are called malignant."""
    return (predictions.y_pred == MALIGNANT)[predictions.y_true == MALIGNANT]


def score_external_decisions(external: Predictions, threshold: float) -> dict[str, dict[str, Any]]:
    """Score the threshold that was chosen at home on each other dataset.

    PPV and NPV are left out: they depend on the share of malignant images, which is another one there.

    Parameters
    ----------
    external
        Predictions of benign and malignant, called at the threshold, with the `source` of each image.
    """
    sources = external.images.source
    return {
        str(source): _score_source(external.keep((sources == source).to_numpy()), calls_all=calls_all(threshold))
        for source in sorted(sources.unique())
    }


def _score_source(predictions: Predictions, *, calls_all: bool) -> dict[str, Any]:
    truth, called = predictions.y_true == MALIGNANT, predictions.y_pred == MALIGNANT
    decisions = score_decisions(truth, called, predictions.images.group_id, calls_all=calls_all)
    kept = {name: estimate for name, estimate in decisions.items() if name in ("sensitivity", "specificity")}
    return {
        "num_images": len(truth),
        "num_groups": int(predictions.images.group_id.nunique()),
        **count_decisions(truth, called),
        **list_estimates({**kept, **score_binary_calibration(predictions)}),
    }


def read_decisions(row: Mapping[str, Any]) -> dict[str, Estimate]:
    """Return the scores of a row of decisions that are defined, with their intervals."""
    return {
        name: Estimate(row[name], row[f"{name}_low"], row[f"{name}_high"]) for name in SCORES if row[name] is not None
    }


def list_predictive_values(
    decisions: Mapping[str, Estimate], *, own_prevalence: float, prevalences: Sequence[float]
) -> Iterator[dict[str, Any]]:
    """Yield PPV and NPV at the prevalence of the test images, and at the stated ones, one row each.

    Parameters
    ----------
    decisions
        The scores of the decisions on test images, as `score_decisions` returns them.
    """
    own = {name: decisions[name] for name in ("ppv", "npv") if name in decisions}
    at = [(own_prevalence, True, own)] + [
        (
            prevalence,
            False,
            estimate_predictive_values(decisions["sensitivity"], decisions["specificity"], prevalence),
        )
        for prevalence in prevalences
    ]
    for prevalence, is_own, values in at:
        for name, estimate in values.items():
            bounds = {"low": estimate.low, "high": estimate.high}
            yield {
                "score": name,
                "prevalence": prevalence,
                "of_test": is_own,
                "value": estimate.value,
                **bounds,
            }


def list_diagnosis_decisions(test: Predictions) -> Iterator[dict[str, Any]]:
    """Yield how each class is told from the rest as it is called, by image, lesion and patient, one row each.

    Parameters
    ----------
    test
        Predictions of the test images, with their metadata.
    """
    units = list_units(test, lambda lesions: lesions)
    for code, name in enumerate(test.classes):
        for unit, found in units.items():
            yield {"called": name, "rule": "class", "unit": unit, **_score_units(found, code)}


def list_malignancy_decisions(test: Predictions, threshold: float) -> Iterator[dict[str, Any]]:
    """Yield how malignant is told from benign at a threshold, by image, lesion and patient, one row each.

    Parameters
    ----------
    test
        Predictions of benign and malignant on the test images, called at the threshold, with their metadata.
    """
    for unit, found in list_units(test, lambda lesions: call_at(lesions, threshold)).items():
        yield {
            "called": "malignant",
            "rule": "threshold",
            "unit": unit,
            **_score_units(found, MALIGNANT, calls_all=calls_all(threshold)),
        }


def _score_units(found: Units, code: int, *, calls_all: bool = False) -> dict[str, Any]:
    """Return the counts and scores of one class; an undefined score is None, as DVC wants equal keys."""
    truth, called = found.is_true[:, code], found.is_called[:, code]
    undefined = {f"{name}{end}": None for name in SCORES for end in ("", "_low", "_high")}
    return {
        "num_conflicting": found.num_conflicting,
        "num_images_without": found.num_images_without,
        **count_decisions(truth, called),
        **undefined,
        **list_estimates(score_decisions(truth, called, found.group_id, calls_all=calls_all)),
    }
