"""Whether a file that computes in int8 is worth having: what it loses, on validation."""

from dataclasses import replace
from typing import Any

import numpy as np

from lesions.evaluation.estimation import measure_metrics
from lesions.evaluation.interval import Difference, Estimate, estimate_difference, estimate_score
from lesions.exporting.parity import Answers
from lesions.tables.predictions import Predictions

METRIC = "balanced_accuracy"


def predict_as(table: Predictions, answers: Answers) -> Predictions:
    """Return the predictions of the same images with the answers of a file."""
    smallest = np.finfo(np.float32).tiny
    return replace(table, logits=np.log(np.maximum(answers.probability, smallest)), called=answers.called)


def measure_loss(whole: Predictions, int8: Predictions) -> tuple[Estimate, Difference]:
    """Return the balanced accuracy of an int8 file, and what it loses to the file in float32 on the same images."""
    measured = measure_metrics({"whole": whole, "int8": int8}, seed=0, metrics=(METRIC,))
    lost = estimate_difference(measured["whole"][METRIC] - measured["int8"][METRIC])
    return estimate_score(measured["int8"][METRIC]), lost


def describe_decision(lost: Difference, max_drop: float) -> tuple[bool, str]:
    """Return whether an int8 file is written, and why, in a sentence."""
    share = f"it loses {lost.value:.4f} balanced accuracy on validation, and export.max_drop allows {max_drop:g}"
    return lost.value <= max_drop, f"written: {share}" if lost.value <= max_drop else f"not written: {share}"


def summarise_loss(split: str, score: Estimate, lost: Difference) -> dict[str, Any]:
    """Return the score of an int8 file on a split, and what it loses, under flat names."""
    return {
        f"int8_{split}_{METRIC}": score.value,
        f"int8_{split}_{METRIC}_lost": lost.value,
        **{f"int8_{split}_{METRIC}_lost_{end}": bound for end, bound in lost.bounds.items()},
    }
