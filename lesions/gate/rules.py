"""The section `gate`: the limits of each metric, and the release to compare with."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import Field, model_validator

from lesions.errors import InputError
from lesions.evaluation.estimation import HeadlineMetric
from lesions.parameters.section import read_parameters, validate_section
from lesions.parameters.strict import Section

OtherFile = Literal["robustness", "export"]

RELEASE = "release"
"""The one key of the section that is no metric."""

TEST = "test"

OTHER_FILES: tuple[OtherFile, ...] = get_args(OtherFile)
"""The keys under which rules name metrics of `metrics/<model>/<key>.json`, which not every model has."""


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


@dataclass(frozen=True)
class Gate:
    """The section `gate` of a parameter file.

    Attributes
    ----------
    section
        What the file has.
    rules
        The rule of each metric; one of another file than `test.json` is named `<file>.<metric>`.
    release
        Which tags are those of releases, as `git describe --match` takes it; None: the gate compares with none.
    """

    section: Mapping[str, Any]
    rules: dict[str, Rule]
    release: str | None


def read_gate(params: Path) -> Gate:
    """Read the section `gate` of a parameter file; raise InputError as `parse_gate` does."""
    return parse_gate(read_parameters(params), str(params))


def parse_gate(parameters: Mapping[str, Any], source: str) -> Gate:
    """Check the section `gate` of parameters.

    Raises
    ------
    InputError
        If there is no rule, if a rule is invalid, or if the rules do not fit `gate.release`. The message begins with
        the parameters' `source`.
    """
    section = parameters.get("gate")
    if not isinstance(section, dict):
        raise InputError(f"{source}: gate: expected a rule for at least one metric, got {section!r:.80}")
    rules = {}
    for metric, rule in _list_rules(source, "gate", section):
        rules[metric] = validate_section(Path(source), f"gate.{metric}", rule, Rule)
        _check_resampled(source, metric, rules[metric])
    release = section.get(RELEASE)
    if release is not None and (not isinstance(release, str) or not release.strip()):
        raise InputError(
            f"{source}: gate.release: expected a tag, a pattern such as v*, or null, got {release!r:.80}"
        )
    _check_release(source, rules, release)
    return Gate(section, rules, release)


def _list_rules(source: str, name: str, section: object) -> Iterator[tuple[str, object]]:
    """Yield each metric with its rule; those of other files are in a section for each."""
    if not isinstance(section, dict) or not {*section} - {RELEASE}:
        raise InputError(f"{source}: {name}: expected a rule for at least one metric, got {section!r:.80}")
    for metric, rule in section.items():
        if name == "gate" and metric == RELEASE:
            continue
        if not re.fullmatch(r"\w{1,80}", str(metric)):
            raise InputError(f"{source}: {name}: expected the name of a metric, got {metric!r:.80}")
        if name == "gate" and metric in OTHER_FILES:
            yield from ((f"{metric}.{one}", of_one) for one, of_one in _list_rules(source, f"gate.{metric}", rule))
        else:
            yield str(metric), rule


def find_file(metric: str) -> str:
    """Return the name of the metrics file, without suffix, that has the metric of a rule."""
    return metric.partition(".")[0] if "." in metric else TEST


def _check_resampled(source: str, metric: str, rule: Rule) -> None:
    resampled = get_args(HeadlineMetric)
    if metric in resampled:
        return
    for name, is_asked, none in (
        ("beyond_noise", rule.beyond_noise, "false"),
        ("not_worse_by", rule.not_worse_by is not None, "null"),
    ):
        if is_asked:
            raise InputError(
                f"{source}: gate.{metric}.{name}: expected {none}; only {', '.join(resampled)} are resampled"
            )


def _check_release(source: str, rules: dict[str, Rule], release: str | None) -> None:
    asking = [metric for metric, rule in rules.items() if rule.not_worse_by is not None]
    if asking and release is None:
        raise InputError(
            f"{source}: gate.{asking[0]}.not_worse_by needs gate.release: a tag, or a pattern of the releases' tags "
            "such as v*"
        )
    if release is not None and not asking:
        raise InputError(f"{source}: gate.release: no rule has not_worse_by, so that nothing is compared with it")
