"""The section `gate`: the limits of each metric."""

import re
from pathlib import Path
from typing import Annotated, Literal, Self, get_args

from pydantic import Field, model_validator

from lesions.errors import InputError
from lesions.evaluation.comparison import HeadlineMetric
from lesions.parameters.section import Section, read_parameters, read_section


class Rule(Section):
    """The limits of one metric on the test images.

    Attributes
    ----------
    direction
        Whether higher or lower is better.
    floor
        The worst value allowed, independent of the base: the highest value if lower is better. None: no limit.
    largest_drop
        The largest change for the worse since the base that is allowed. None: no limit.
    beyond_noise
        Whether a drop fails only if it is also significant over resamples of the groups of test images.
    """

    direction: Literal["higher", "lower"]
    floor: float | None
    largest_drop: Annotated[float, Field(ge=0)] | None
    beyond_noise: bool

    @model_validator(mode="after")
    def _rules_something(self) -> Self:
        if self.floor is None and self.largest_drop is None:
            raise ValueError("needs a floor, a largest_drop, or both; with neither it would allow everything")
        if self.beyond_noise and self.largest_drop is None:
            raise ValueError(
                "beyond_noise needs a largest_drop; with null no drop fails, with 0 any significant drop"
            )
        return self

    def gain(self, base: float, now: float) -> float:
        """Return how much better `now` is than `base`, rounded to the decimals of the metrics files."""
        change = now - base if self.direction == "higher" else base - now
        return round(change, 6)

    def is_beyond_floor(self, value: float) -> bool:
        """Return whether a value is worse than the floor."""
        return self.floor is not None and self.gain(self.floor, value) < 0


def read_rules(params: Path) -> dict[str, Rule]:
    """Read the rule of each metric.

    Raises
    ------
    InputError
        If there is no rule, or a rule is invalid.
    """
    section = read_parameters(params).get("gate")
    if not isinstance(section, dict) or not section:
        raise InputError(f"{params}: gate: expected a rule for at least one metric, got {section!r:.80}")
    for metric in section:
        if not re.fullmatch(r"\w{1,80}", str(metric)):
            raise InputError(f"{params}: gate: expected the name of a metric, got {metric!r:.80}")
    rules = {str(metric): read_section(params, f"gate.{metric}", Rule) for metric in section}
    resampled = get_args(HeadlineMetric)
    for metric, rule in rules.items():
        if rule.beyond_noise and metric not in resampled:
            raise InputError(
                f"{params}: gate.{metric}.beyond_noise: expected false; only {', '.join(resampled)} are resampled"
            )
    return rules
