"""The section `gate`: what each metric must not do."""

from pathlib import Path
from typing import Annotated, Literal, Self, get_args

from pydantic import Field, model_validator

from lesions.errors import InputError
from lesions.evaluation.comparison import HeadlineMetric
from lesions.parameters.section import Section, read_parameters, read_section


class Rule(Section):
    """What one metric of the test images must not do.

    Attributes
    ----------
    direction
        Which way is better.
    floor
        The worst value allowed, whatever the base has; where lower is better, the highest. None: any.
    largest_drop
        How much worse than at the base is allowed. None: any.
    beyond_noise
        Whether a drop has to be beyond noise besides, over resamples of the groups of test images.
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
            raise ValueError("beyond_noise is of a drop; with largest_drop: null no drop fails (0: any drop)")
        return self

    def gain(self, base: float, now: float) -> float:
        """Return how much better `now` is than `base`, to the decimals that metrics are written with."""
        change = now - base if self.direction == "higher" else base - now
        return round(change, 6)

    def is_beyond_floor(self, value: float) -> bool:
        """Return whether a value is worse than the worst allowed."""
        return self.floor is not None and self.gain(self.floor, value) < 0


def read_rules(params: Path) -> dict[str, Rule]:
    """Read the rule of each metric.

    Raises
    ------
    InputError
        If there is no rule, or one does not fit.
    """
    section = read_parameters(params).get("gate")
    if not isinstance(section, dict) or not section:
        raise InputError(f"{params}: gate: expected a rule for at least one metric, got {section!r}")
    rules = {str(metric): read_section(params, f"gate.{metric}", Rule) for metric in section}
    resampled = get_args(HeadlineMetric)
    for metric, rule in rules.items():
        if rule.beyond_noise and metric not in resampled:
            raise InputError(
                f"{params}: gate.{metric}.beyond_noise: expected false; resampled are {', '.join(resampled)} alone"
            )
    return rules
