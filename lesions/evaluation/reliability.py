"""What stated probabilities are worth: proper scores with intervals, and how far they are from the frequencies.

All of it concerns the stated probabilities. Confidence is that of the most probable class, which need not be the
class that an image is called.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import log_softmax, softmax

from lesions.evaluation.binomial import TAIL
from lesions.evaluation.bins import MIN_BIN_IMAGES, merge_small_bins
from lesions.evaluation.bootstrap import resample_sums, sum_by_group
from lesions.evaluation.interval import LEAST_REACH, Estimate, leave_unbounded
from lesions.evaluation.measurement import Measurement
from lesions.tables.predictions import Predictions

Floats = NDArray[np.float64]

NUM_BINS = 15
"""Bins of the reliability diagram and of the calibration error (as in Guo et al. 2017)."""

NUM_DRAWS = 1000
"""Number of times that labels are drawn from the probabilities."""

TIE_DECIMALS = 9
"""Confidences that are equal to so many decimals are the same."""

HIGHEST_LOSSES = {"log_loss": 1e4, "brier_score": 2.0}
"""The highest bound of each proper score; a log loss has none, and is cut where the gate stops to believe it."""


class Bin(NamedTuple):
    """Images of similar confidence: their number, mean confidence and accuracy."""

    num_images: int
    confidence: float
    accuracy: float


def score_reliability(y_true: NDArray[np.int64], logits: NDArray[np.floating]) -> dict[str, float]:
    """Compute scores of the probabilities themselves; lower is better in all of them.

    Parameters
    ----------
    y_true : (N,) int
    logits : (N, K) float

    Returns
    -------
    log_loss
        The mean negative log-likelihood of the true class, in nats.
    brier_score
        The mean squared distance of the probabilities from the truth, summed over all classes: 0 to 2 (Brier 1950).
    expected_calibration_error
        The mean absolute difference between confidence and accuracy over bins of equally many images. Bins of equal
        width would be nearly empty at confidences that the network rarely has, and noisy there. Chance alone gives
        more than 0: `estimate_chance_error`.
    """
    y_prob = softmax(logits.astype(np.float64), axis=1)
    hit = y_prob.argmax(axis=1) == y_true
    return {
        "log_loss": float(compute_image_losses(y_true, logits).mean()),
        "brier_score": float(compute_image_distances(y_true, logits).mean()),
        "expected_calibration_error": float(_compute_errors(y_prob.max(axis=1), hit[None])[0]),
    }


def compute_image_losses(y_true: NDArray[np.int64], logits: NDArray[np.floating]) -> Floats:
    """Return the negative log-likelihood of each image's true class, (N,), in nats."""
    log_prob = log_softmax(logits.astype(np.float64), axis=1)
    return np.asarray(-log_prob[np.arange(len(y_true)), y_true])


def compute_image_distances(y_true: NDArray[np.int64], logits: NDArray[np.floating]) -> Floats:
    """Return the squared distance of each image's probabilities from the truth, (N,), from 0 to 2."""
    y_prob = softmax(logits.astype(np.float64), axis=1)
    return np.asarray(((y_prob - np.eye(y_prob.shape[1])[y_true]) ** 2).sum(axis=1))


def estimate_proper_scores(predictions: Predictions, *, seed: int = 0) -> dict[str, Estimate]:
    """Put 95 % intervals over groups around the log loss and the Brier score.

    Both are positive and skewed to the right, so that their intervals are computed on the logarithm's scale. That of
    a score of exactly 0 is not known: no mistake was seen, and how much the first one would cost is not bounded. Nor
    is it known if groups do not differ, as a single one does not.
    """
    group_id = predictions.images.group_id
    score = {"log_loss": compute_image_losses, "brier_score": compute_image_distances}
    values = np.stack([compute(predictions.y_true, predictions.logits) for compute in score.values()], axis=1)
    *sums, sizes = resample_sums(np.column_stack([values, np.ones(len(values))]), group_id, seed=seed)
    estimates = {}
    for name, each, of_resamples in zip(score, values.T, sums, strict=True):
        value = float(each.mean())
        influences = sum_by_group((each - value) / len(each), group_id)
        reach = Measurement(value, of_resamples / sizes, influences).reach / value if value > 0 else 0.0
        if reach < LEAST_REACH:
            estimates[name] = leave_unbounded(value)
        else:
            high = HIGHEST_LOSSES[name] if reach > 700 else min(value * float(np.exp(reach)), HIGHEST_LOSSES[name])
            estimates[name] = Estimate(value, value * float(np.exp(-reach)), high)
    return estimates


def estimate_chance_error(predictions: Predictions, *, seed: int = 0) -> Estimate:
    """Return the calibration error that these probabilities would have if they were calibrated, and its 95 % range.

    Labels are drawn from the probabilities (Bröcker and Smith 2007, doi 10.1175/WAF993.1), and the error is that of
    these labels.
    """
    confidence = predictions.y_prob.max(axis=1)
    errors = np.concatenate([_compute_errors(confidence, hits) for hits in _draw_hits(predictions, seed=seed)])
    low, high = np.quantile(errors, [TAIL, 1 - TAIL])
    return Estimate(float(errors.mean()), float(low), float(high))


def list_bins(y_true: NDArray[np.int64], y_prob: Floats, *, fewest: int = 1) -> Iterator[Bin]:
    """Yield bins of equally many images, up to ties and rounding, from the lowest confidence up.

    Parameters
    ----------
    fewest
        The least number of images in a bin; smaller ones are joined with others.
    """
    confidence, hit = y_prob.max(axis=1), y_prob.argmax(axis=1) == y_true
    bins = merge_small_bins(_assign_bins(confidence), fewest=fewest)
    for chosen in (bins == number for number in np.unique(bins)):
        yield Bin(int(chosen.sum()), float(confidence[chosen].mean()), float(hit[chosen].mean()))


def build_reliability_rows(calibrated: Predictions, predicted: Predictions) -> list[dict[str, Any]]:
    """Return the bins after and before calibration as plot rows; bins of few images are joined.

    `low` and `high` bound the accuracy that 95 % of draws give the bin if the calibrated probabilities are true.
    """
    rows = [
        {"probabilities": name, **reliability_bin._asdict()}
        for name, side in (("calibrated", calibrated), ("as predicted", predicted))
        for reliability_bin in list_bins(side.y_true, side.y_prob, fewest=MIN_BIN_IMAGES)
    ]
    low, high = _bound_accuracies(calibrated)
    bounds = [{"low": float(one), "high": float(other)} for one, other in zip(low, high, strict=True)]
    return [row | bound for row, bound in zip(rows, bounds, strict=False)] + rows[len(bounds) :]


def _assign_bins(confidence: Floats) -> NDArray[np.int64]:
    """Return the bin of each image, (N,); images of equal confidence are in the bin of the middle one of them."""
    N = len(confidence)
    _, value, counts = np.unique(confidence.round(TIE_DECIMALS), return_inverse=True, return_counts=True)
    middle = counts.cumsum() - counts / 2
    return np.floor(min(NUM_BINS, N) * middle / N).astype(np.int64)[value]


def _sum_bins(bins: NDArray[np.int64], values: NDArray[Any]) -> Floats:
    """Sum values (R, N) over the images of each bin, (R, number of bins)."""
    _, number = np.unique(bins, return_inverse=True)
    return np.asarray(values @ np.eye(number.max() + 1)[number])


def _compute_errors(confidence: Floats, hits: NDArray[np.bool_]) -> Floats:
    """Return the expected calibration error (R,) of R sets of hits, (R, N)."""
    gaps = _sum_bins(_assign_bins(confidence), confidence - hits)
    return np.asarray(np.abs(gaps).sum(axis=1) / len(confidence))


def _bound_accuracies(predictions: Predictions) -> tuple[Floats, Floats]:
    """Return the bounds of each bin's accuracy if the probabilities are calibrated."""
    bins = merge_small_bins(_assign_bins(predictions.y_prob.max(axis=1)))
    accuracy = np.concatenate([_sum_bins(bins, hits) for hits in _draw_hits(predictions, seed=0)])
    low, high = np.quantile(accuracy, [TAIL, 1 - TAIL], axis=0)
    counts = np.unique(bins, return_counts=True)[1]
    return low / counts, high / counts


def _draw_hits(predictions: Predictions, *, seed: int) -> Iterator[NDArray[np.bool_]]:
    """Yield whether the most probable class is the one that is drawn from the probabilities, in blocks (R, N).

    The images of a group share the noise that decides (the Gumbel-max trick): each label has exactly its
    probabilities, and images that look alike to the network get the same label, as photographs of one lesion have.
    Labels drawn for each image alone would promise too little chance (docs/evaluation.md).
    """
    codes, groups = pd.factorize(predictions.images.group_id)
    log_prob, top = predictions.log_prob, predictions.y_prob.argmax(axis=1)
    generator = np.random.default_rng(seed)
    at_once = max(1, 2_000_000 // log_prob.size)
    for start in range(0, NUM_DRAWS, at_once):
        noise = generator.gumbel(size=(min(at_once, NUM_DRAWS - start), len(groups), log_prob.shape[1]))
        yield (log_prob + noise[:, codes]).argmax(axis=2) == top
