"""Intervals of proportions whose images are correlated within groups, and of means of proportions.

A proportion has the interval of Clopper and Pearson (1934) for the effective number of independent images, which
`count_trials` computes for every interval of a proportion (Korn and Graubard 1998, Survey Methodology 24, 193-201).
A mean of proportions has the interval that Zou and Donner (2008, doi 10.1002/sim.3095) compute from those of the
proportions (MOVER).
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, stdtrit

Floats = NDArray[np.float64]

LEVEL = 0.95
TAIL = (1 - LEVEL) / 2

ALIKE_GROUPS = 1 / 3
"""How many groups of entirely like images are added to those that show how alike images are; chosen by simulation."""


def bound_proportions(hits: Floats, members: Floats) -> tuple[Floats, Floats, Floats]:
    """Compute proportions of hits and the bounds of their 95 % intervals.

    Parameters
    ----------
    hits, members : (G, C) float
        Hits and images of each group in each of C sets of images; no set is empty.

    Returns
    -------
    proportion, low, high : (C,) float
    """
    proportion = hits.sum(axis=0) / members.sum(axis=0)
    return proportion, *bound_by_trials(proportion, count_trials(hits, members))


def bound_by_trials(proportion: Floats, trials: Floats) -> tuple[Floats, Floats]:
    """Compute the bounds (C,) of Clopper and Pearson for proportions (C,) of any number of trials (C,)."""
    right, wrong = proportion * trials, (1 - proportion) * trials
    # At exactly 0 or 1, one of the two numbers would be 0, for which the beta distribution is not defined.
    low = np.where(proportion > 0, betaincinv(np.where(proportion > 0, right, 1), wrong + 1, TAIL), 0)
    high = np.where(proportion < 1, betaincinv(right + 1, np.where(proportion < 1, wrong, 1), 1 - TAIL), 1)
    return low, high


def bound_mean(proportions: Floats, low: Floats, high: Floats) -> tuple[float, float, float]:
    """Compute the mean of independent proportions (C,), and the bounds of its 95 % interval from theirs (C,)."""
    mean, C = float(proportions.mean()), len(proportions)
    below, above = (float(np.linalg.norm(side)) / C for side in (proportions - low, high - proportions))
    return mean, mean - below, mean + above


def count_trials(hits: Floats, members: Floats) -> Floats:
    """Return the effective number of independent images (C,) of each set: Clopper and Pearson's trials.

    It is the number of images, divided by their design effect. This is the one count of all intervals of
    proportions, that of a sensitivity with the luck of its threshold among them, because it does not take the design
    effect for known:

    * It is raised by what Student's quantile with as many degrees of freedom as groups exceeds the one with as many
      as images (Korn and Graubard 1998).
    * Where few groups have a hit, or few a miss, it is drawn towards that of groups of images that are all alike
      (`ALIKE_GROUPS`): so few say little of how alike images are.
    * Images never count for more than one each. Where all or none are hits, or where there is one group, the groups
      are the trials.

    Parameters
    ----------
    hits, members : (G, C) float
        As in `bound_proportions`.
    """
    num_images, num_groups = members.sum(axis=0), (members > 0).sum(axis=0)
    is_known = _has_spread(hits, members)
    inflation = measure_design_effects(hits, members)
    unsure, sure = (stdtrit(df, 1 - TAIL) for df in (num_groups, np.maximum(num_images - 1, num_groups)))
    telling = np.minimum((hits > 0).sum(axis=0), (hits < members).sum(axis=0))
    if_alike = (members**2).sum(axis=0) / num_images
    inflation = np.maximum(
        inflation * (unsure / sure) ** 2,
        (telling * inflation + ALIKE_GROUPS * if_alike) / (telling + ALIKE_GROUPS),
    )
    return np.where(is_known, num_images / np.maximum(1, inflation), num_groups)


def measure_design_effects(hits: Floats, members: Floats) -> Floats:
    """Return the variance of each proportion over groups, divided by that of as many independent images, (C,).

    It is 1 where nothing shows it: if all or none are hits, or with one group.

    Parameters
    ----------
    hits, members : (G, C) float
        As in `bound_proportions`.
    """
    num_images, num_groups = members.sum(axis=0), (members > 0).sum(axis=0)
    proportion = hits.sum(axis=0) / num_images
    variance = ((hits - proportion * members) ** 2).sum(axis=0) / num_images**2
    variance *= num_groups / np.maximum(num_groups - 1, 1)
    independent = proportion * (1 - proportion) / np.maximum(num_images - 1, 1)
    return np.divide(variance, independent, out=np.ones_like(proportion), where=_has_spread(hits, members))


def _has_spread(hits: Floats, members: Floats) -> NDArray[np.bool_]:
    """Return whether each set (C,) has hits, misses, and several groups."""
    num_hits = hits.sum(axis=0)
    return (num_hits > 0) & (num_hits < members.sum(axis=0)) & ((members > 0).sum(axis=0) > 1)
