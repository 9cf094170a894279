"""The learning rate at each step of a phase, as a fraction of its peak."""

import math
from collections.abc import Sequence

from lesions.training.parameters import ScheduleParameters

COSINE_FINAL = 0.01
"""The fraction of the peak rate at the last step of a cosine."""

ONE_CYCLE_START = 1 / 25
ONE_CYCLE_FINAL = ONE_CYCLE_START / 1e4
"""The fractions of the peak rate at which one cycle begins and ends, as in torch's `OneCycleLR`."""


def compute_rates(
    parameters: ScheduleParameters, epoch: int, *, num_epochs: int, num_steps: int, qualities: Sequence[float]
) -> list[float]:
    """Compute the learning rate at each step of an epoch, as a fraction of the peak rate.

    Parameters
    ----------
    epoch
        The epoch of the phase, counted from 0.
    num_epochs
        Number of epochs of the phase.
    num_steps
        Number of steps per epoch.
    qualities : (epoch,)
        The monitored metric after each epoch of the phase so far; higher is better.
    """
    steps = range(epoch * num_steps, (epoch + 1) * num_steps)
    match parameters.name:
        case "constant":
            return [1.0] * num_steps
        case "step" | "plateau":
            assert parameters.every_epochs is not None and parameters.factor is not None
            count = epoch // parameters.every_epochs
            if parameters.name == "plateau":
                count = count_plateaus(qualities, parameters.every_epochs)
            return [parameters.factor**count] * num_steps
    assert parameters.warmup_fraction is not None
    compute_rate = compute_cosine_rate if parameters.name == "cosine" else compute_one_cycle_rate
    return [compute_rate(step, num_epochs * num_steps, parameters.warmup_fraction) for step in steps]


def compute_cosine_rate(step: int, num_steps: int, warmup_fraction: float) -> float:
    """Return the fraction of the peak rate at a step: a linear rise, then half a cosine down to `COSINE_FINAL`.

    This is the schedule of Loshchilov and Hutter (2017, arXiv:1608.03983), without restarts.
    """
    num_warmup = math.ceil(num_steps * warmup_fraction)
    if step < num_warmup:
        return (step + 1) / (num_warmup + 1)
    return _half_cosine(1, COSINE_FINAL, (step - num_warmup) / max(1, num_steps - 1 - num_warmup))


def compute_one_cycle_rate(step: int, num_steps: int, warmup_fraction: float) -> float:
    """Return the fraction of the peak rate at a step: half a cosine up from `ONE_CYCLE_START`, then one to almost 0.

    This is the schedule of Smith and Topin (2018, arXiv:1708.07120), without their cycle of the momentum.
    """
    if num_steps == 1:
        return 1
    top = warmup_fraction * num_steps - 1
    if step <= top:
        return _half_cosine(ONE_CYCLE_START, 1, step / top if top else 1)
    return _half_cosine(1, ONE_CYCLE_FINAL, (step - top) / (num_steps - 1 - top))


def count_plateaus(qualities: Sequence[float], num_epochs: int) -> int:
    """Count how often the metric did not improve on its best value for `num_epochs` epochs in a row."""
    best, waited, count = -math.inf, 0, 0
    for quality in qualities:
        waited = 0 if quality > best else waited + 1
        best = max(best, quality)
        if waited == num_epochs:
            count, waited = count + 1, 0
    return count


def _half_cosine(start: float, end: float, progress: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * progress)) / 2
