"""Whether a model is not worse than another by more than a difference that matters, which is named beforehand."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from lesions.evaluation.interval import Difference, estimate_difference
from lesions.evaluation.measurement import Measurement
from lesions.evaluation.significance import correct_after_holm


class Verdict(StrEnum):
    """What the test images say of a difference; exactly one of the four is true."""

    BETTER = "better"
    NOT_WORSE = "not worse by more than"
    WORSE = "worse"
    CANNOT_TELL = "cannot tell"

    def spell(self, not_worse_by: float) -> str:
        """Return the verdict in words; that of `NOT_WORSE` names the limit."""
        return f"{self} {not_worse_by:g}" if self is Verdict.NOT_WORSE else str(self)


def judge_difference(difference: Difference, *, not_worse_by: float) -> Verdict:
    """Judge whether the first model of a difference is worse than the second by more than a limit.

    The first of these that is true is the verdict:

    * better: the difference is above 0 and significant, after Holm where several were tested;
    * not worse by more than the limit: the 95 % interval lies above −`not_worse_by`;
    * worse: the difference is below 0 and significant, after Holm;
    * cannot tell: none of them.

    A drop that is significant and yet shown to be smaller than the limit is therefore not worse by more than the
    limit: the limit says which drops do not matter. A worse model may be worse by less than the limit or by more.

    One that is worse by exactly the limit passes for one that is not in one case of 40. This is not corrected for the
    number of differences: whoever asks that none of several models or metrics is worse is misled only if all verdicts
    are wrong together (Berger 1982, the intersection-union test).

    Parameters
    ----------
    difference
        The first model's metric minus the second's, of a metric of which higher is better.
    not_worse_by
        The limit, at least 0, in the unit of the metric.
    """
    if difference.is_beyond_noise and difference.low > 0:
        return Verdict.BETTER
    if difference.low > -not_worse_by:
        return Verdict.NOT_WORSE
    if difference.is_beyond_noise and difference.high < 0:
        return Verdict.WORSE
    return Verdict.CANNOT_TELL


@dataclass(frozen=True)
class Judged:
    """A model's score minus the reference's, and what it means."""

    difference: Difference
    verdict: Verdict


def judge_against_first(measured: Mapping[str, Measurement], *, not_worse_by: float) -> dict[str, Judged]:
    """Compare each model but the first with the first; the p-values are corrected after Holm together.

    Parameters
    ----------
    measured
        One metric of each model, on the same images and resamples.
    not_worse_by
        The largest difference for the worse that does not matter.
    """
    (_, reference), *others = measured.items()
    differences = [estimate_difference(measurement - reference) for _, measurement in others]
    corrected = correct_after_holm([difference.p_value for difference in differences])
    return {
        name: Judged(tested, judge_difference(tested, not_worse_by=not_worse_by))
        for (name, _), difference, p_holm in zip(others, differences, corrected, strict=True)
        for tested in [replace(difference, p_holm=p_holm)]
    }
