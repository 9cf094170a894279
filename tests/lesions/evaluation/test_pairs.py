"""Models are judged against the first of them."""

from dataclasses import replace

import numpy as np
import pytest

from lesions.evaluation.comparison import measure_metrics
from lesions.evaluation.non_inferiority import Verdict
from lesions.evaluation.pairs import judge_against_first
from tests.runs import build_predictions, guess, true_classes

Y_TRUE = true_classes(600)
LOGITS = guess(Y_TRUE, 2.0)


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
