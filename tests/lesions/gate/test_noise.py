"""Gains whose standard error is known: of 100 groups that contribute equally, so that 1.98 of it are significant."""

import numpy as np
import pytest

from lesions.evaluation.measurement import Measurement
from lesions.gate.noise import Key, estimate_gains, find_excessive_drops
from lesions.gate.rules import Rule

SIGN = np.tile([1.0, -1.0], 50)


def measure(value: float, error: float = 0.01) -> Measurement:
    """Return a gain with this standard error and 99 degrees of freedom."""
    return Measurement(value, np.nan_to_num(value) + SIGN * error * np.sqrt(99 / 100), SIGN)


def rule(largest_drop: float, *, beyond_noise: bool = True) -> Rule:
    return Rule(direction="higher", floor=None, largest_drop=largest_drop, beyond_noise=beyond_noise)


def gains(*values: float) -> dict[Key, Measurement | None]:
    return {(f"model_{number}", "accuracy"): measure(value) for number, value in enumerate(values)}


def test_one_gain_is_tested_as_it_is() -> None:
    (gain,) = estimate_gains(gains(0.021)).values()
    # Student's t of 2.1 with 99 degrees of freedom.
    assert gain.p_value == gain.p_holm == pytest.approx(0.0383, abs=0.0002)
    assert (gain.low, gain.high) == pytest.approx((0.021 - 0.01984, 0.021 + 0.01984), abs=1e-5)


def test_gains_are_corrected_for_their_number() -> None:
    six = estimate_gains(gains(*[0.021] * 6)).values()
    assert [gain.p_holm for gain in six] == pytest.approx([6 * 0.0383] * 6, abs=0.001)
    assert not any(gain.is_beyond_noise for gain in six)
    beyond = [gain.is_beyond_noise for gain in estimate_gains(gains(0.05, -0.021, 0.0)).values()]
    # Twice and not three times 0.0383 for the second, because the first is significant.
    assert beyond == [True, False, False]


def test_what_has_not_changed_is_not_counted() -> None:
    unchanged: dict[Key, None] = dict.fromkeys((("b", "accuracy"), ("b", "macro_f1")))
    found = estimate_gains({("a", "accuracy"): measure(-0.021), **unchanged})
    assert found["a", "accuracy"].is_beyond_noise
    assert [(found[key].low, found[key].high, found[key].p_holm) for key in unchanged] == [(0, 0, 1)] * 2
    rules = {"accuracy": rule(0.05), "macro_f1": rule(0.05)}
    assert find_excessive_drops({("a", "accuracy"): measure(-0.071), **unchanged}, rules) == {("a", "accuracy")}


def test_a_gain_without_a_p_value_is_left_out_of_the_correction() -> None:
    found = estimate_gains({("a", "accuracy"): measure(np.nan), ("b", "accuracy"): measure(0.021)})
    assert list(found) == [("b", "accuracy")]
    assert found["b", "accuracy"].p_holm == found["b", "accuracy"].p_value


@pytest.mark.parametrize(
    ("largest_drop", "is_excessive"),
    [(0.0, True), (0.05, True), (0.079, True), (0.081, False), (0.0999, False), (0.1, False), (0.2, False)],
)
def test_the_limit_itself_is_tested(largest_drop: float, is_excessive: bool) -> None:
    """A drop of 0.1 with a standard error of 0.01."""
    assert bool(find_excessive_drops(gains(-0.1), {"accuracy": rule(largest_drop)})) == is_excessive


def test_a_gain_is_no_drop_however_far_it_is_from_the_limit() -> None:
    assert not find_excessive_drops(gains(0.1, 0.0, -0.01), {"accuracy": rule(0.05)})


def test_drops_are_corrected_for_the_number_of_those_that_are_tested() -> None:
    """Each is 2.1 standard errors below its limit."""
    assert find_excessive_drops(gains(-0.071), {"accuracy": rule(0.05)}) == {("model_0", "accuracy")}
    assert not find_excessive_drops(gains(*[-0.071] * 2), {"accuracy": rule(0.05)})
    not_asked = {("model_0", "macro_f1"): measure(-0.071)}
    rules = {"accuracy": rule(0.05), "macro_f1": rule(0.05, beyond_noise=False)}
    assert find_excessive_drops(gains(-0.071) | not_asked, rules) == {("model_0", "accuracy")}
