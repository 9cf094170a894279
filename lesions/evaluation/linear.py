"""Intervals of statistics that are linear in the groups, or nearly so."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from lesions.evaluation.binomial import TAIL
from lesions.evaluation.interval import LEAST_REACH, Estimate, leave_unbounded
from lesions.evaluation.measurement import FEWEST_EFFECTIVE_GROUPS, count_groups_that_matter


def estimate_linear(value: float, influences: NDArray[np.float64]) -> Estimate:
    """Put a 95 % interval around a statistic that may be any number, from the influences (G,) of groups on it.

    The variance is the sum of the squared influences, which resamples of groups would have too, corrected for the
    effective number n of groups by n / (n - 1). The quantile is Student's with n - 1 degrees of freedom, and n counts
    as `FEWEST_EFFECTIVE_GROUPS` at least. The interval is not known if groups do not differ, as a single one does
    not.
    """
    if len(influences) == 1:
        return leave_unbounded(value)
    n = max(FEWEST_EFFECTIVE_GROUPS, count_groups_that_matter(influences))
    reach = float(stdtrit(n - 1, 1 - TAIL) * np.sqrt((influences**2).sum() * n / (n - 1)))
    return Estimate(value, value - reach, value + reach) if reach >= LEAST_REACH else leave_unbounded(value)
