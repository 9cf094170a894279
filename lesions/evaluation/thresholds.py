"""Choose the threshold for malignancy on validation, and say what thresholds that are chosen in this way reach."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lesions.evaluation.binomial import bound_by_trials, count_trials, measure_design_effects
from lesions.evaluation.bootstrap import sum_by_group
from lesions.evaluation.interval import Estimate
from lesions.formats.json_file import round_down

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

LOW_SHARE = 0.2
"""The share of the malignant images by whose probabilities the likeness of a group's images is judged: the lowest,
between which the threshold lies, but enough of them."""


def calls_all(threshold: float) -> bool:
    """Return whether a threshold calls every image malignant, so that its sensitivity is 1 by itself."""
    return threshold == 0


@dataclass(frozen=True)
class Threshold:
    """A threshold for malignancy, chosen on the malignant images of validation.

    Attributes
    ----------
    value
        An image whose probability is at least this is called malignant; 0 calls every image malignant.
    rank
        The threshold is the probability of the image of this rank, from the highest; more than `num_images` if even
        the lowest is too high.
    num_images
        The number of malignant validation images.
    design_effect
        The factor by which the likeness of a group's images raises the variance of the share that is found; 1 if
        each image is independent.
    """

    value: float
    rank: int
    num_images: int
    design_effect: float

    @property
    def calls_all(self) -> bool:
        """Whether there are too few malignant images for a threshold, so that every image is called malignant."""
        return self.rank > self.num_images

    @property
    def expected_sensitivity(self) -> float:
        """The mean sensitivity on new images of thresholds at this rank; without groups, rank / (num_images + 1)."""
        if self.calls_all:
            return 1.0
        return (self.rank + (self.design_effect - 1) / 2) / (self.num_images + self.design_effect)

    def round_down(self) -> "Threshold":
        """Return the threshold as a metrics file holds it, so that whoever reads the file calls the same images."""
        return replace(self, value=round_down(self.value))


def choose_threshold(
    malignant: Flags, probability: Floats, sensitivity: float, group_id: pd.Series | None = None
) -> Threshold:
    """Choose the highest threshold whose expected sensitivity on new images is at least the one that is asked for.

    The threshold with k of m malignant validation images at or above it finds on average k / (m + 1) of new ones, and
    not k / m, because it was chosen by these m. With groups, it finds (k + (d - 1) / 2) / (m + d), where d is the
    design effect; this is the second-order expansion of the mean of a quantile.

    Parameters
    ----------
    malignant, probability : (N,)
        Of the validation images; one at least is malignant.
    sensitivity
        From 0 to 1.
    group_id : (N,)
        The group of each image; None if each image is independent.
    """
    found = probability[malignant]
    groups = pd.Series(np.arange(len(found))) if group_id is None else group_id[malignant]
    effect = _measure_design_effect(found, groups)
    # Floating-point error must not turn 0.95 of 20 into more than 19.
    rank = max(1, int(np.ceil(round(sensitivity * len(found) + 0.5 + (sensitivity - 0.5) * effect, 9))))
    value = float(np.sort(found)[::-1][rank - 1]) if rank <= len(found) else 0.0
    return Threshold(value, rank, len(found), effect)


def estimate_with_luck(
    found_on_val: Flags, val_groups: pd.Series, found_on_test: Flags, test_groups: pd.Series
) -> Estimate:
    """Put an interval around a sensitivity that holds the luck of the threshold too.

    The interval of `score_decisions` is that of this threshold. Another validation set would give another threshold,
    whose sensitivity differs by about as much as the share found of that many validation images. The interval is
    that of Clopper and Pearson (1934) for 1 / (1 / n + 1 / m) images, where n and m are the effective numbers of
    independent malignant images of test and validation, counted as for all proportions (`count_trials`).

    Parameters
    ----------
    found_on_val, found_on_test : (M,) bool
        Whether each malignant image is called malignant.
    val_groups, test_groups : (M,)
        The groups of these images.
    """
    splits = ((found_on_val, val_groups), (found_on_test, test_groups))
    on_val, on_test = (count_trials(*_sum_by_group(found, group_id)) for found, group_id in splits)
    value = found_on_test.mean(keepdims=True)
    low, high = bound_by_trials(value, 1 / (1 / on_val + 1 / on_test))
    return Estimate(float(value[0]), float(low[0]), float(high[0]))


def _measure_design_effect(probability: Floats, group_id: pd.Series) -> float:
    """Return the design effect of the share of images (M,) that are among those of low probability; at least 1.

    Where nothing shows it, with one group or where no probability is higher than the low ones, the images of each
    group count as all alike.
    """
    is_low = probability <= np.quantile(probability, LOW_SHARE)
    if is_low.all() or group_id.nunique() == 1:
        sizes = group_id.value_counts()
        return float((sizes**2).sum() / sizes.sum())
    return max(1.0, float(measure_design_effects(*_sum_by_group(is_low, group_id))[0]))


def _sum_by_group(hits: Flags, group_id: pd.Series) -> tuple[Floats, Floats]:
    """Return the hits and the images of each group, (G, 1) each, of hits (M,)."""
    sums = sum_by_group(np.stack([hits, np.ones_like(hits)], axis=1), group_id)
    return sums[:, :1], sums[:, 1:]
