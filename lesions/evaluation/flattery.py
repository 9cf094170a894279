"""By how much the best of several models flatters itself on the images that it was chosen on."""

from collections.abc import Mapping
from itertools import combinations
from math import inf, sqrt

import numpy as np
from scipy.integrate import quad
from scipy.special import log_ndtr, ndtr

from lesions.evaluation.measurement import Measurement


def expect_largest(number: int) -> float:
    """Return the expected largest of so many independent values of the standard normal distribution.

    It is the integral of 1 - F(x)^n over the positive numbers minus that of F(x)^n over the negative ones, F being
    the distribution function.
    """
    above, _ = quad(lambda x: -np.expm1(number * log_ndtr(x)), 0, inf)
    below, _ = quad(lambda x: ndtr(x) ** number, -inf, 0)
    return float(above - below)


def find_own_error(measured: Mapping[str, Measurement]) -> float:
    """Return the standard error of a model's score that it does not share with the other models.

    Models on the same images are too good or too bad together, which chooses none of them. What is a model's own is
    the error of the difference between two, divided by the square root of 2; the median over all pairs is returned.
    With a single model it is the whole standard error.
    """
    if len(measured) == 1:
        (only,) = measured.values()
        return only.standard_error
    pairs = combinations(measured.values(), 2)
    return float(np.median([(first - second).standard_error for first, second in pairs])) / sqrt(2)


def estimate_flattery(measured: Mapping[str, Measurement], num_looks: int) -> float:
    """Return how far above its true value the best of so many equally good models scores, in expectation.

    Parameters
    ----------
    measured
        The metric of some of the models, on the same images and resamples.
    """
    return find_own_error(measured) * expect_largest(num_looks)
