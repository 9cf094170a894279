"""Intervals of proportions whose images are correlated within groups, and of their mean.

A proportion has the interval of Clopper and Pearson (1934) for the effective number of independent images: the number
whose proportion would have the variance between groups, at most the number of images, and fewer where few groups tell
that variance (Korn and Graubard 1998, Survey Methodology 24, 193-201). A mean of proportions has the interval that
Zou and Donner (2008, doi 10.1002/sim.3095) recover from those of the proportions (MOVER).
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, stdtrit

Floats = NDArray[np.float64]

LEVEL = 0.95
TAIL = (1 - LEVEL) / 2


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
    num_images = members.sum(axis=0)
    part = hits.sum(axis=0) / num_images
    trials = _count_trials(hits, members)
    right, wrong = part * trials, (1 - part) * trials
    # At exactly 0 or 1, one of the two numbers would be 0, for which the beta distribution is not defined.
    low = np.where(part > 0, betaincinv(np.where(part > 0, right, 1), wrong + 1, TAIL), 0)
    high = np.where(part < 1, betaincinv(right + 1, np.where(part < 1, wrong, 1), 1 - TAIL), 1)
    return part, low, high


def _count_trials(hits: Floats, members: Floats) -> Floats:
    """Return the effective number of independent images (C,) of each set."""
    num_images, num_groups = members.sum(axis=0), (members > 0).sum(axis=0)
    part = hits.sum(axis=0) / num_images
    several = num_groups > 1
    df = np.where(several, num_groups - 1, 1)
    variance = ((hits - part * members) ** 2).sum(axis=0) * num_groups / df / num_images**2
    of_independent_images = part * (1 - part) / np.maximum(num_images - 1, 1)
    as_varied = num_images * np.divide(of_independent_images, variance, out=np.ones_like(part), where=variance > 0)
    # The fewer the groups, the less sure is the variance between them.
    unsure = (stdtrit(np.maximum(num_images - 1, 1), 1 - TAIL) / stdtrit(df, 1 - TAIL)) ** 2
    trials = np.minimum(num_images, as_varied) * unsure
    # Where all or none are hits, or there is a single group, nothing is known of how images of a group are alike.
    return np.where((part > 0) & (part < 1) & several, trials, num_groups)


def bound_mean(parts: Floats, low: Floats, high: Floats) -> tuple[float, float, float]:
    """Compute the mean of independent proportions (C,), and the bounds of its 95 % interval from theirs (C,)."""
    mean, C = float(parts.mean()), len(parts)
    return (
        mean,
        mean - float(np.sqrt(((parts - low) ** 2).sum())) / C,
        mean + float(np.sqrt(((high - parts) ** 2).sum())) / C,
    )
