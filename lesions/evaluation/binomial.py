"""Intervals of proportions whose images are correlated within groups, and of means of proportions.

A proportion has the interval of Clopper and Pearson (1934) for the effective number of independent images: the number
of images, divided by how much the variance between groups exceeds that of independent images (Korn and Graubard 1998,
Survey Methodology 24, 193-201; with as many degrees of freedom as groups). Where all or none are hits, the groups are
the trials. A mean of proportions has the interval that Zou and Donner (2008, doi 10.1002/sim.3095) compute from those
of the proportions (MOVER).
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
    part = hits.sum(axis=0) / members.sum(axis=0)
    return part, *bound_parts(part, _count_trials(hits, members))


def bound_parts(part: Floats, trials: Floats) -> tuple[Floats, Floats]:
    """Compute the bounds (C,) of Clopper and Pearson for parts (C,) of any number of trials (C,)."""
    right, wrong = part * trials, (1 - part) * trials
    # At exactly 0 or 1, one of the two numbers would be 0, for which the beta distribution is not defined.
    low = np.where(part > 0, betaincinv(np.where(part > 0, right, 1), wrong + 1, TAIL), 0)
    high = np.where(part < 1, betaincinv(right + 1, np.where(part < 1, wrong, 1), 1 - TAIL), 1)
    return low, high


def bound_mean(parts: Floats, low: Floats, high: Floats) -> tuple[float, float, float]:
    """Compute the mean of independent parts (C,), and the bounds of its 95 % interval from theirs (C,)."""
    mean, C = float(parts.mean()), len(parts)
    return mean, mean - float(np.linalg.norm(parts - low)) / C, mean + float(np.linalg.norm(high - parts)) / C


def _count_trials(hits: Floats, members: Floats) -> Floats:
    """Return the effective number of independent images (C,) of each set."""
    num_images, num_groups = members.sum(axis=0), (members > 0).sum(axis=0)
    part = hits.sum(axis=0) / num_images
    is_known = (part > 0) & (part < 1) & (num_groups > 1)
    variance = ((hits - part * members) ** 2).sum(axis=0) / num_images**2
    variance *= num_groups / np.maximum(num_groups - 1, 1)
    of_independent_images = part * (1 - part) / np.maximum(num_images - 1, 1)
    inflation = np.divide(variance, of_independent_images, out=np.ones_like(part), where=is_known)
    # The fewer the groups, the less sure is the variance between them; and few groups with a hit, or with a miss, say
    # little of how alike the images of a group are.
    unsure, sure = (stdtrit(df, 1 - TAIL) for df in (num_groups, np.maximum(num_images - 1, num_groups)))
    telling = np.minimum((hits > 0).sum(axis=0), (hits < members).sum(axis=0))
    if_alike = (members**2).sum(axis=0) / num_images
    inflation = np.maximum(
        inflation * (unsure / sure) ** 2,
        (telling * inflation + ALIKE_GROUPS * if_alike) / (telling + ALIKE_GROUPS),
    )
    return np.where(is_known, num_images / np.maximum(1, inflation), num_groups)
