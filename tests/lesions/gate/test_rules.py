"""The section `gate` is read, and refused if it would guard nothing."""

import pytest

from lesions.errors import InputError
from lesions.gate.rules import Rule, read_rules
from tests.builders import ROOT, WriteParams

GOOD = {"direction": "higher", "floor": 0.5, "largest_drop": None, "beyond_noise": False}


def test_every_rule_is_read(write_params: WriteParams) -> None:
    rules = read_rules(write_params(gate={"macro_f1": GOOD, "accuracy": GOOD | {"direction": "lower"}}))
    assert rules == {
        "macro_f1": Rule(direction="higher", floor=0.5, largest_drop=None, beyond_noise=False),
        "accuracy": Rule(direction="lower", floor=0.5, largest_drop=None, beyond_noise=False),
    }


def test_the_projects_own_rules_are_valid() -> None:
    assert read_rules(ROOT / "params.yaml")


@pytest.mark.parametrize(
    ("gate", "message"),
    [
        ({}, r"gate: expected a rule for at least one metric, got \{\}"),
        ({"f1": GOOD | {"floor": None}}, r"gate\.f1: needs a floor, a largest_drop, or both"),
        ({"f1": GOOD | {"direction": "up"}}, r"gate\.f1\.direction: expected 'higher' or 'lower', got 'up'"),
        ({"f1": GOOD | {"largest_drop": -1}}, r"gate\.f1\.largest_drop: expected a number >= 0, got -1"),
        ({"f1": GOOD | {"flor": 0.5}}, r"gate\.f1\.flor: there is no such parameter"),
        (
            {"accuracy": GOOD | {"beyond_noise": True}},
            r"gate\.accuracy: beyond_noise needs a largest_drop; with null no drop fails",
        ),
        (
            {"f1": GOOD | {"largest_drop": 0.1, "beyond_noise": True}},
            r"gate\.f1\.beyond_noise: expected false; only accuracy, .* are resampled",
        ),
        ({"f1|b": GOOD}, r"gate: expected the name of a metric, got 'f1\|b'"),
        ({"f1\n## passed": GOOD}, r"gate: expected the name of a metric, got 'f1\\n## passed'"),
        ({"x" * 81: GOOD}, r"gate: expected the name of a metric, got 'x+"),
        ({"f1": 0.5}, r"gate\.f1: expected a section, got 0\.5"),
    ],
)
def test_a_rule_that_guards_nothing_is_refused(write_params: WriteParams, gate: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_rules(write_params(gate=gate))
