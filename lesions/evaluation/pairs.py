"""Judge models against one reference: better, not worse by more than does not matter, worse, or cannot tell."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from lesions.evaluation.interval import Difference, estimate_difference
from lesions.evaluation.measurement import Measurement
from lesions.evaluation.non_inferiority import Verdict, judge_difference
from lesions.evaluation.significance import correct_after_holm


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
