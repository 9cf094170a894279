"""What the check of a network's maps says, with intervals over groups."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from lesions.evaluation.binomial import TAIL
from lesions.evaluation.interval import LEAST_REACH, Estimate, leave_unbounded, list_estimates
from lesions.evaluation.verdict import spell_number

RIM = 0.1
"""The width of the rim of an image, as a fraction of its side."""

RIM_AREA = 1 - (1 - 2 * RIM) ** 2
"""The share of an image that is its rim, and so that of a map that is the same everywhere."""

CHECKS = ("deletion", "insertion")

VERDICTS = (
    "do not name the places that decide better than shuffled maps do, so that they mean nothing",
    "name the places that decide better than shuffled maps do by one of two checks only, so that they say little",
    "name the places that decide better than shuffled maps do",
)
"""What is said of maps, by the number of checks that they pass."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Faithfulness:
    """The check of maps on N images of as many groups.

    Attributes
    ----------
    deletion, insertion : (N,)
        By how much the map does better than the same map with its places shuffled: how much faster the probability
        falls when what the map names is removed, and how much faster it rises when that is inserted.
    rim : (N,)
        The share of the map on the rim of the image; NaN where nothing speaks for the class.
    """

    deletion: Floats
    insertion: Floats
    rim: Floats

    def summarise(self) -> dict[str, Any]:
        """Return the means with intervals under flat names, and whether the maps mean anything.

        If all maps are empty, nothing is marked, and the share that is on the rim is None.
        """
        marked = self.rim[~np.isnan(self.rim)]
        rim: dict[str, float | None] = dict.fromkeys(("rim_share", "rim_share_low", "rim_share_high"))
        if len(marked):
            rim = list_estimates({"rim_share": estimate_mean(marked)})
        gains = list_estimates({name: estimate_mean(getattr(self, name)) for name in CHECKS})
        return {
            "num_images": len(self.deletion),
            "num_empty": len(self.rim) - len(marked),
            **gains,
            **rim,
            "rim_area": RIM_AREA,
            "means_something": count_passed(gains) == len(CHECKS),
        }


def count_passed(summary: Mapping[str, Any]) -> int:
    """Return the number of checks in which maps gain beyond noise, from what `summarise` returns."""
    return sum((summary[f"{name}_low"] or 0) > 0 for name in CHECKS)


def describe_faithfulness(method: str, summary: Mapping[str, Any]) -> str:
    """Say in a sentence whether the maps of a network mean anything, from what `summarise` returns."""
    gains = " and ".join(
        f"{name} by {spell_number(summary[name])} "
        f"({spell_number(summary[f'{name}_low'])} to {spell_number(summary[f'{name}_high'])})"
        if summary[f"{name}_low"] is not None
        else f"{name} by {spell_number(summary[name])}"
        for name in CHECKS
    )
    marked = "They mark nothing."
    if summary["rim_share"] is not None:
        marked = (
            f"{100 * summary['rim_share']:.0f} % of what they mark is on the rim, which is "
            f"{100 * summary['rim_area']:.0f} % of the image."
        )
    return (
        f"The {method} {VERDICTS[count_passed(summary)]}: they do better in {gains}, on {summary['num_images']} test "
        f"images. {marked}"
    )


def estimate_mean(values: Floats) -> Estimate:
    """Return the mean of independent values (N,), one at least, with its interval by Student's distribution."""
    N, mean = len(values), float(values.mean())
    if N < 2:
        return leave_unbounded(mean)
    reach = float(stdtrit(N - 1, 1 - TAIL) * values.std(ddof=1) / np.sqrt(N))
    if reach < LEAST_REACH:
        return leave_unbounded(mean)
    return Estimate(mean, mean - reach, mean + reach)
