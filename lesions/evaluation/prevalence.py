"""PPV and NPV at a prevalence other than that of the test images."""

import math

from lesions.evaluation.interval import Estimate


def estimate_predictive_values(
    sensitivity: Estimate, specificity: Estimate, prevalence: float
) -> dict[str, Estimate]:
    """Compute PPV and NPV at a stated prevalence from sensitivity and specificity, by Bayes' rule.

    The intervals combine those of sensitivity and specificity (MOVER for ratios: Donner and Zou 2012, doi
    10.1177/0962280210379868). They hold where malignant and benign images look as they do on test, only in other
    shares. A value is omitted where no image would be called so.

    Parameters
    ----------
    prevalence
        The share of malignant images, between 0 and 1.
    """
    found, missed = _scale(sensitivity, prevalence), _scale(_complement(sensitivity), prevalence)
    cleared, alarmed = _scale(specificity, 1 - prevalence), _scale(_complement(specificity), 1 - prevalence)
    pairs = {"ppv": (found, alarmed), "npv": (cleared, missed)}
    return {
        name: _estimate_share(right, wrong) for name, (right, wrong) in pairs.items() if right.value + wrong.value
    }


def _estimate_share(right: Estimate, wrong: Estimate) -> Estimate:
    """Put an interval around right / (right + wrong)."""
    if not right.value:
        return _complement(_estimate_share(wrong, right))
    low, high = (1 / (1 + ratio) for ratio in reversed(_bound_ratio(wrong, right)))
    return Estimate(right.value / (right.value + wrong.value), low, high)


def _bound_ratio(top: Estimate, bottom: Estimate) -> tuple[float, float]:
    """Return the bounds of the ratio of two independent estimates, of which the second is above 0."""
    product = top.value * bottom.value

    def spread(first: float, second: float) -> float:
        """Return the numerator of a bound; its root is of a number that rounding may put below 0."""
        return product + math.sqrt(max(0.0, product**2 - first * second))

    def reach(estimate: Estimate, bound: float) -> float:
        return bound * (2 * estimate.value - bound)

    low_top, high_top = reach(top, top.low), reach(top, top.high)
    low_bottom, high_bottom = reach(bottom, bottom.low), reach(bottom, bottom.high)
    low = low_top / spread(low_top, high_bottom) if low_top else 0.0
    high = spread(high_top, low_bottom) / low_bottom if low_bottom else math.inf
    return low, high


def _complement(estimate: Estimate) -> Estimate:
    return Estimate(1 - estimate.value, 1 - estimate.high, 1 - estimate.low)


def _scale(estimate: Estimate, factor: float) -> Estimate:
    return Estimate(factor * estimate.value, factor * estimate.low, factor * estimate.high)
