"""Tests of class weights against scikit-learn and hand-worked values."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from sklearn.utils.class_weight import compute_class_weight

from lesions.splitting.class_weights import ClassWeightParameters, compute_class_weights

COUNTS = np.array([1, 3, 12])


def weights(scheme: Any, beta: float | None = None) -> list[float]:
    return compute_class_weights(COUNTS, ClassWeightParameters(scheme=scheme, beta=beta)).tolist()


def test_balanced_weights_equal_those_of_scikit_learn() -> None:
    labels = np.repeat([0, 1, 2], COUNTS)
    expected = compute_class_weight("balanced", classes=np.arange(3), y=labels)
    assert weights("balanced") == pytest.approx(expected)
    assert weights("balanced")[1] == pytest.approx(float(Fraction(16, 3 * 3)))


def test_sqrt_weights_are_the_root_of_balanced_ones() -> None:
    assert weights("sqrt") == pytest.approx(np.sqrt(weights("balanced")))


def test_none_gives_weights_of_one() -> None:
    assert weights("none") == [1, 1, 1]


def test_effective_number_matches_hand_worked_values() -> None:
    # With beta 1/2 the effective numbers 2 (1 - 2^-n) are 1, 7/4, 4095/2048;
    # the weights are their inverses, scaled to sum to 3.
    inverses = [Fraction(1), Fraction(4, 7), Fraction(2048, 4095)]
    expected = [float(3 * inverse / sum(inverses)) for inverse in inverses]
    assert weights("effective_number", 0.5) == pytest.approx(expected)


def test_effective_number_goes_from_none_to_balanced() -> None:
    assert weights("effective_number", 0.0) == [1, 1, 1]
    balanced = np.array(weights("balanced"))
    assert weights("effective_number", 1 - 1e-9) == pytest.approx(3 * balanced / balanced.sum(), rel=1e-5)


@pytest.mark.parametrize(("scheme", "beta"), [("balanced", 0.9), ("effective_number", None)])
def test_beta_belongs_to_effective_number(scheme: Any, beta: float | None) -> None:
    with pytest.raises(ValidationError, match="beta belongs to the scheme effective_number"):
        ClassWeightParameters(scheme=scheme, beta=beta)
