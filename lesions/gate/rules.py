"""The section `gate`: the limits of each metric, and the release to compare with."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import Field, model_validator

from lesions.errors import InputError
from lesions.evaluation.estimation import HeadlineMetric
from lesions.parameters.section import read_parameters, read_section
from lesions.parameters.strict import Section

RELEASE = "release"
"""The one key of the section that is no metric."""

ROBUSTNESS = "robustness"
"""The key under which rules name metrics of `metrics/<model>/robustness.json`, which ensembles lack."""


class Rule(Section):
    """The limits of one metric on the test images, unaltered or altered.

    Attributes
    ----------
    direction
        Whether higher or lower is better.
    floor
        The worst value allowed, independent of the base: the highest value if lower is better. None: no limit.
    largest_drop
        The largest change for the worse since the base that is allowed. None: no limit.
    beyond_noise
        Whether a drop fails only if it is also significantly larger than `largest_drop`, over resamples of the groups
        of test images.
    not_worse_by
        The change for the worse since the release that the 95 % interval has to exclude. None: no comparison with the
        release.
    """

    direction: Literal["higher", "lower"]
    floor: float | None
    largest_drop: Annotated[float, Field(ge=0)] | None
    beyond_noise: bool
    not_worse_by: Annotated[float, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _rules_something(self) -> Self:
        if self.floor is None and self.largest_drop is None and self.not_worse_by is None:
            raise ValueError("needs a floor, a largest_drop or not_worse_by; with none it would allow everything")
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

    def is_over_limit(self, gain: float) -> bool:
        """Return whether a gain is a drop that is larger than the largest allowed one."""
        return self.largest_drop is not None and -gain > self.largest_drop


def read_rules(params: Path) -> dict[str, Rule]:
    """Read the rule of each metric; one of `robustness.json` is named `robustness.<metric>`.

    Raises
    ------
    InputError
        If there is no rule, if a rule is invalid, or if the rules do not fit `gate.release`.
    """
    section = _read_gate(params)
    metrics = [*_list_metrics(params, "gate", section)]
    rules = {metric: read_section(params, f"gate.{metric}", Rule) for metric in metrics}
    for metric, rule in rules.items():
        _check_resampled(params, metric, rule)
    _check_release(params, rules)
    return rules


def _list_metrics(params: Path, name: str, section: object) -> Iterator[str]:
    """Yield the names of the metrics with rules; those of `robustness.json` are in a section of their own."""
    if not isinstance(section, dict) or not {*section} - {RELEASE}:
        raise InputError(f"{params}: {name}: expected a rule for at least one metric, got {section!r:.80}")
    for metric, rule in section.items():
        if name == "gate" and metric == RELEASE:
            continue
        if not re.fullmatch(r"\w{1,80}", str(metric)):
            raise InputError(f"{params}: {name}: expected the name of a metric, got {metric!r:.80}")
        if name == "gate" and metric == ROBUSTNESS:
            yield from (f"{metric}.{one}" for one in _list_metrics(params, f"gate.{metric}", rule))
        else:
            yield str(metric)


def is_of_networks(metric: str) -> bool:
    """Return whether only networks have the metric of a rule, and ensembles do not."""
    return metric.startswith(f"{ROBUSTNESS}.")


def read_release(params: Path) -> str | None:
    """Read which tags are those of releases, as `git describe --match` takes it; None: the gate compares with none.

    Raises
    ------
    InputError
        If it is no text.
    """
    release = _read_gate(params).get(RELEASE)
    if release is not None and (not isinstance(release, str) or not release.strip()):
        raise InputError(
            f"{params}: gate.release: expected a tag, a pattern such as v*, or null, got {release!r:.80}"
        )
    return release


def _read_gate(params: Path) -> dict[str, Any]:
    section = read_parameters(params).get("gate")
    if not isinstance(section, dict):
        raise InputError(f"{params}: gate: expected a rule for at least one metric, got {section!r:.80}")
    return section


def _check_resampled(params: Path, metric: str, rule: Rule) -> None:
    resampled = get_args(HeadlineMetric)
    if metric in resampled:
        return
    for name, is_asked, none in (
        ("beyond_noise", rule.beyond_noise, "false"),
        ("not_worse_by", rule.not_worse_by is not None, "null"),
    ):
        if is_asked:
            raise InputError(
                f"{params}: gate.{metric}.{name}: expected {none}; only {', '.join(resampled)} are resampled"
            )


def _check_release(params: Path, rules: dict[str, Rule]) -> None:
    release = read_release(params)
    asking = [metric for metric, rule in rules.items() if rule.not_worse_by is not None]
    if asking and release is None:
        raise InputError(
            f"{params}: gate.{asking[0]}.not_worse_by needs gate.release: a tag, or a pattern of the releases' tags "
            "such as v*"
        )
    if release is not None and not asking:
        raise InputError(f"{params}: gate.release: no rule has not_worse_by, so that nothing is compared with it")
