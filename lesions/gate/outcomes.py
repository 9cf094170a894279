"""What the gate found: one row per model and rule, and what they amount to."""

from dataclasses import dataclass
from enum import StrEnum

from lesions.gate.rules import Rule


class Change(StrEnum):
    """What became of one metric of one model since the base."""

    BETTER = "better"
    UNCHANGED = "unchanged"
    ALLOWED = "dropped, allowed"
    REGRESSION = "dropped, regression"
    ADDED = "model added"
    REMOVED = "model removed"
    OTHER_IMAGES = "other test images"
    UNKNOWN = "cannot tell"


DROPS = (Change.ALLOWED, Change.REGRESSION)
UNJUDGED = (Change.OTHER_IMAGES, Change.UNKNOWN)


@dataclass(frozen=True)
class Row:
    """One metric of one model.

    Attributes
    ----------
    base, now
        The figures in the two `test.json`; None where there is no number.
    rule
        The limits.
    is_below_floor
        Whether the figure is worse than the floor, whatever the base has.
    change
        What became of it since the base.
    is_beyond_noise
        Whether a drop is significant over resamples of groups; None if it is no drop, or if the metric is not
        resampled.
    """

    model: str
    metric: str
    base: float | None
    now: float | None
    rule: Rule
    change: Change
    is_below_floor: bool = False
    is_beyond_noise: bool | None = None

    @property
    def gain(self) -> float | None:
        """The change since the base; None if the two figures cannot be compared."""
        if self.base is None or self.now is None or self.change in UNJUDGED:
            return None
        return self.now - self.base

    @property
    def is_failure(self) -> bool:
        """Whether the rule fails."""
        return self.is_below_floor or self.change is Change.REGRESSION

    @property
    def is_unknown(self) -> bool:
        """Whether the rule can neither pass nor fail."""
        return not self.is_failure and self.change in UNJUDGED

    @property
    def outcome(self) -> str:
        """Both outcomes in words: that of the floor if it fails, and that of the change."""
        change = str(self.change)
        if self.is_beyond_noise is not None:
            change = change.replace("dropped", f"dropped {'beyond' if self.is_beyond_noise else 'within'} noise")
        return f"below the floor; {change}" if self.is_below_floor else change


@dataclass(frozen=True)
class Judgement:
    """All rows, a sentence for each problem that prevents a judgement, and notes, which prevent none."""

    rows: tuple[Row, ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def exit_status(self) -> int:
        """The exit code: 1 on a failure, 2 if the metrics cannot be judged, else 0."""
        if any(row.is_failure for row in self.rows):
            return 1
        return 2 if self.problems or not self.rows or any(row.is_unknown for row in self.rows) else 0

    @property
    def headline(self) -> str:
        """The judgement in one or two words."""
        return {0: "passed", 1: "failed", 2: "cannot tell"}[self.exit_status]
