"""Each of the four verdicts, on intervals worked by hand, and of models against the first of them."""

from dataclasses import replace
from math import nan

import numpy as np
import pytest

from lesions.evaluation.estimation import measure_metrics
from lesions.evaluation.interval import Difference
from lesions.evaluation.non_inferiority import Verdict, judge_against_first, judge_difference
from tests.runs import build_predictions, guess, true_classes

Y_TRUE = true_classes(600)
LOGITS = guess(Y_TRUE, 2.0)


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


def judge(**skills: float) -> dict[str, Verdict]:
    models = {"reference": build_predictions(Y_TRUE, LOGITS)}
    models |= {name: build_predictions(Y_TRUE, guess(Y_TRUE, skill, 9)) for name, skill in skills.items()}
    models["nearly"] = replace(models["reference"], logits=LOGITS + 1e-6 * guess(Y_TRUE, 0, 3))
    measured = {name: each["accuracy"] for name, each in measure_metrics(models, seed=0).items()}
    return {name: each.verdict for name, each in judge_against_first(measured, not_worse_by=0.02).items()}


def test_each_verdict_is_given() -> None:
    assert judge(better=3.0, worse=1.0, like=1.95) == {
        "better": Verdict.BETTER,
        "worse": Verdict.WORSE,
        "like": Verdict.CANNOT_TELL,
        "nearly": Verdict.NOT_WORSE,
    }


def test_the_p_values_of_all_are_corrected_together() -> None:
    models = {
        name: build_predictions(Y_TRUE, guess(Y_TRUE, skill, 9))
        for name, skill in zip("abc", (2, 1.8, 1.6), strict=True)
    }
    measured = {name: each["accuracy"] for name, each in measure_metrics(models, seed=0).items()}
    judged = judge_against_first(measured, not_worse_by=0)
    low, high = sorted((each.difference for each in judged.values()), key=lambda difference: difference.p_value)
    assert low.p_holm == pytest.approx(min(1, 2 * low.p_value))
    assert high.p_holm == pytest.approx(max(high.p_value, low.p_holm))
    assert judged["b"].difference.value == pytest.approx(measured["b"].value - measured["a"].value)
    assert np.sign(judged["b"].difference.value) == -1
