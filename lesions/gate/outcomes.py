"""What the gate found: one row per model and rule, and what they amount to."""

from dataclasses import dataclass
from enum import StrEnum

from lesions.evaluation.non_inferiority import Verdict
from lesions.gate.rules import Rule


class Change(StrEnum):
    """What became of one metric of one model since the base, or since the release."""

    BETTER = "better"
    """Better beyond noise."""
    GAINED = "gained"
    """Better by chance, for all that the test images say."""
    UNCHANGED = "unchanged"
    ALLOWED = "dropped, allowed"
    REGRESSION = "dropped, regression"
    ADDED = "model added"
    FILE_ADDED = "file added"
    """The model was there, but not the file of the metric, as before it was exported."""
    REMOVED = "model removed"
    OTHER_IMAGES = "other test images"
    OTHER_CONDITIONS = "other alterations"
    """The test images were altered in other ways, so that the worst of them cannot be compared."""
    SEALED = "sealed"
    UNKNOWN = "cannot tell"


UNJUDGED = (Change.OTHER_IMAGES, Change.OTHER_CONDITIONS, Change.SEALED, Change.UNKNOWN)


@dataclass(frozen=True)
class Row:
    """One metric of one model.

    Attributes
    ----------
    base, now
        The figures in the files of the two; None where there is no number.
    rule
        The limits.
    is_below_floor
        Whether the figure is worse than the floor, whatever the base has.
    change
        What became of it since the base.
    is_beyond_noise
        Whether the change is significant over resamples of groups, after Holm; None if there is no change, or if the
        metric is not resampled.
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
        change = self._spell_change()
        return f"below the floor; {change}" if self.is_below_floor else change

    def _spell_change(self) -> str:
        if self.change is Change.GAINED:
            return self.rule.direction + (", not tested" if self.is_beyond_noise is None else " within noise")
        if self.change not in (Change.ALLOWED, Change.REGRESSION) or self.is_beyond_noise is None:
            return str(self.change)
        if self.change is Change.ALLOWED and self.is_beyond_noise and self.is_over_limit:
            return "dropped beyond noise, over the limit within noise"
        return str(self.change).replace("dropped", f"dropped {'beyond' if self.is_beyond_noise else 'within'} noise")

    @property
    def is_over_limit(self) -> bool:
        """Whether the drop is larger than the rule allows, significantly or not."""
        return (
            self.base is not None
            and self.now is not None
            and self.rule.is_over_limit(self.rule.gain(self.base, self.now))
        )


@dataclass(frozen=True)
class ReleaseRow:
    """One metric of one model, compared with the last release.

    Attributes
    ----------
    release, now
        The figures in the two `test.json`; None where there is no number.
    not_worse_by
        The limit of the rule.
    low
        The lower bound of the 95 % interval of the gain since the release; None if the two cannot be compared.
    verdict
        What the test images say of the gain; None if the two cannot be compared.
    obstacle
        Why they cannot; None if they can.
    """

    model: str
    metric: str
    release: float | None
    now: float | None
    not_worse_by: float
    low: float | None = None
    verdict: Verdict | None = None
    obstacle: Change | None = None

    @property
    def gain(self) -> float | None:
        """The change since the release; None if the two figures cannot be compared."""
        return None if self.obstacle or self.release is None or self.now is None else self.now - self.release

    @property
    def is_failure(self) -> bool:
        """Whether the metric may be worse by more than the limit."""
        return self.verdict in (Verdict.WORSE, Verdict.CANNOT_TELL)

    @property
    def is_unknown(self) -> bool:
        """Whether the rule can neither pass nor fail."""
        return self.obstacle in UNJUDGED

    @property
    def outcome(self) -> str:
        """The verdict in words, or why there is none."""
        if self.verdict is None:
            return str(self.obstacle)
        if self.verdict is Verdict.CANNOT_TELL:
            return f"may be worse by more than {self.not_worse_by:g}"
        return self.verdict.spell(self.not_worse_by)


@dataclass(frozen=True)
class Judgement:
    """All rows, a sentence for each problem that prevents a judgement, and notes, which prevent none."""

    rows: tuple[Row, ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...] = ()
    since_release: tuple[ReleaseRow, ...] = ()

    @property
    def all_rows(self) -> tuple[Row | ReleaseRow, ...]:
        """The rows of both comparisons."""
        return (*self.rows, *self.since_release)

    @property
    def exit_status(self) -> int:
        """The exit code: 1 on a failure, 2 if the metrics cannot be judged, else 0."""
        if any(row.is_failure for row in self.all_rows):
            return 1
        return 2 if self.problems or not self.rows or any(row.is_unknown for row in self.all_rows) else 0

    @property
    def headline(self) -> str:
        """The judgement in one or two words."""
        return {0: "passed", 1: "failed", 2: "cannot tell"}[self.exit_status]
