"""A metric of the test images with what its standard error comes from.

The standard error is the bootstrap's. How far it can be trusted depends on how many groups contribute to the score:
to a mean over diagnoses, mainly the groups of the rarest. Their effective number n is estimated from the variance of
the groups' squared influences (after Satterthwaite 1946). The quantile is Student's with n - 1 degrees of freedom.
The bootstrap's variance is too small with few groups and is corrected (Hesterberg 2015, doi
10.1080/00031305.2015.1089789).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from lesions.evaluation.binomial import TAIL
from lesions.evaluation.evidence import Evidence, average_evidence

Floats = NDArray[np.float64]

Variances = tuple[tuple[float, float], ...]
"""Components of a variance, each with its degrees of freedom."""

FEWEST_EFFECTIVE_GROUPS = 5.0
"""The least effective number of groups: Student's quantile of fewer gives intervals from 0 to 1."""


@dataclass(frozen=True)
class Measurement:
    """A metric of the test images, or a difference of two, with its resamples and influences.

    Attributes
    ----------
    value
        The metric on the test images.
    resamples : (R,) float
        The metric on each resample of groups; NaN where it is undefined.
    influences : (G,) float
        The influence of each group on the value.
    from_seeds
        Variances that the training seeds add, each with its degrees of freedom; empty with one seed.
    evidence
        What the groups say beyond the resamples; None if only the resamples are known.
    """

    value: float
    resamples: Floats
    influences: Floats
    from_seeds: Variances = ()
    evidence: Evidence | None = None

    def __sub__(self, other: "Measurement") -> "Measurement":
        """Return the difference from a measurement on the same groups and resamples."""
        return Measurement(
            self.value - other.value,
            self.resamples - other.resamples,
            self.influences - other.influences,
            self.from_seeds + other.from_seeds,
            self.evidence - other.evidence if self.evidence and other.evidence else None,
        )

    @property
    def variances(self) -> Variances:
        """The components of the value's variance, each with its degrees of freedom.

        Resamples of n groups have (n - 1) / n of the variance, as each is centred on the groups' own mean.
        """
        n = max(FEWEST_EFFECTIVE_GROUPS, count_groups_that_matter(self.influences))
        return (float(np.nanvar(self.resamples)) * n / (n - 1), n - 1), *self.from_seeds

    @property
    def standard_error(self) -> float:
        """The standard error over test images, and over seeds if there are several."""
        return float(np.sqrt(sum(variance for variance, _ in self.variances)))

    @property
    def degrees_of_freedom(self) -> float:
        """The degrees of freedom of the squared standard error."""
        return combine_degrees_of_freedom(self.variances)

    @property
    def reach(self) -> float:
        """The half-width of a 95 % interval."""
        return float(stdtrit(self.degrees_of_freedom, 1 - TAIL)) * self.standard_error


def combine_degrees_of_freedom(variances: Variances) -> float:
    """Return the degrees of freedom of a sum of variances, after Satterthwaite and Welch."""
    total = sum(variance for variance, _ in variances)
    if not total:
        return variances[0][1]
    return 1 / sum((variance / total) ** 2 / df for variance, df in variances)


def count_groups_that_matter(influences: Floats) -> float:
    """Return the effective number of groups that contribute to a metric, from their influences (G,) on it.

    A sum of squares with mean m and variance v is like a chi-square with 2 m² / v degrees of freedom: about G where
    all groups contribute equally, and few where few groups make up the sum.
    """
    squares = influences**2
    variance = float((squares**2).sum() - squares.sum() ** 2 / len(squares))
    return min(len(squares), 2 * float(squares.sum()) ** 2 / variance) if variance > 0 else len(squares)


def average_seeds(repeats: Sequence[Measurement]) -> Measurement:
    """Return the mean of measurements on the same test images from several training seeds."""
    num_seeds = len(repeats)
    values = np.array([repeat.value for repeat in repeats])
    evidence = [repeat.evidence for repeat in repeats if repeat.evidence]
    return Measurement(
        float(values.mean()),
        np.mean([repeat.resamples for repeat in repeats], axis=0),
        np.mean([repeat.influences for repeat in repeats], axis=0),
        ((float(values.var(ddof=1)) / num_seeds, num_seeds - 1),) if num_seeds > 1 else (),
        average_evidence(evidence) if len(evidence) == num_seeds else None,
    )
