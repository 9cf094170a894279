"""Each of the four verdicts, on intervals worked by hand."""

from math import nan

import pytest

from lesions.evaluation.interval import Difference
from lesions.evaluation.non_inferiority import Verdict, judge_difference


@pytest.mark.parametrize(
    ("low", "high", "p_holm", "verdict"),
    [
        (0.01, 0.05, 0.01, "better"),
        # Above 0, but not significant after Holm for several differences.
        (0.01, 0.05, 0.06, "not worse by more than 0.03"),
        (-0.01, 0.05, 0.2, "not worse by more than 0.03"),
        (0.0, 0.0, 1.0, "not worse by more than 0.03"),
        # A drop that is significant and smaller than the limit.
        (-0.02, -0.01, 0.001, "not worse by more than 0.03"),
        (-0.0299, 0.2, 0.2, "not worse by more than 0.03"),
        (-0.03, 0.2, 0.2, "cannot tell"),
        (-0.1, 0.2, 0.5, "cannot tell"),
        (-0.1, 0.0, 0.05, "cannot tell"),
        (-0.1, -0.01, 0.06, "cannot tell"),
        # By less than the limit or by more; and by more.
        (-0.1, -0.01, 0.03, "worse"),
        (-0.2, -0.1, 0.001, "worse"),
        (nan, nan, nan, "cannot tell"),
    ],
)
def test_the_verdict_depends_on_both_bounds_and_on_the_limit(
    low: float, high: float, p_holm: float, verdict: str
) -> None:
    difference = Difference((low + high) / 2, low, high, p_value=p_holm / 6, p_holm=p_holm)
    assert judge_difference(difference, not_worse_by=0.03).spell(0.03) == verdict


def test_with_a_limit_of_0_only_a_gain_is_not_worse() -> None:
    within_noise = Difference(0.02, 0.001, 0.039, p_value=0.04, p_holm=0.08)
    assert judge_difference(within_noise, not_worse_by=0) is Verdict.NOT_WORSE
    assert judge_difference(within_noise.turned(), not_worse_by=0) is Verdict.CANNOT_TELL
