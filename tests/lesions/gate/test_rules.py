"""The section `gate` is read, and refused if it would guard nothing."""

import pytest

from lesions.errors import InputError
from lesions.gate.rules import Rule, read_gate
from tests.builders import ROOT, WriteParams

GOOD = {"direction": "higher", "floor": 0.5, "largest_drop": None, "beyond_noise": False}

SHOWN = GOOD | {"floor": None, "not_worse_by": 0.05}


def test_every_rule_is_read(write_params: WriteParams) -> None:
    rules = read_gate(write_params(gate={"macro_f1": GOOD, "accuracy": GOOD | {"direction": "lower"}})).rules
    assert rules == {
        "macro_f1": Rule(direction="higher", floor=0.5, largest_drop=None, beyond_noise=False),
        "accuracy": Rule(direction="lower", floor=0.5, largest_drop=None, beyond_noise=False),
    }


def test_a_release_and_what_is_not_worse_than_it_are_read(write_params: WriteParams) -> None:
    params = write_params(gate={"release": "v*", "accuracy": SHOWN, "f1": GOOD})
    assert read_gate(params).release == "v*"
    rules = read_gate(params).rules
    assert [rules[metric].not_worse_by for metric in rules] == [0.05, None]
    assert read_gate(write_params(gate={"accuracy": GOOD})).release is None


def test_the_projects_own_rules_are_valid() -> None:
    assert read_gate(ROOT / "params.yaml")


@pytest.mark.parametrize(
    ("gate", "message"),
    [
        ({}, r"gate: expected a rule for at least one metric, got \{\}"),
        ({"f1": GOOD | {"floor": None}}, r"gate\.f1: needs a floor, a largest_drop or not_worse_by"),
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
        ([], r"gate: expected a rule for at least one metric, got \[\]"),
        ({"release": "v*"}, r"gate: expected a rule for at least one metric, got \{'release': 'v\*'\}"),
        ({"release": "v*", "f1": GOOD}, r"gate\.release: no rule has not_worse_by, so that nothing is compared"),
        (
            {"release": "", "accuracy": SHOWN},
            r"gate\.release: expected a tag, a pattern such as v\*, or null, got ''",
        ),
        ({"release": 1.2, "accuracy": SHOWN}, r"gate\.release: expected a tag, .*, got 1\.2"),
        ({"accuracy": SHOWN}, r"gate\.accuracy\.not_worse_by needs gate\.release: a tag, or a pattern"),
        ({"release": None, "accuracy": SHOWN}, r"gate\.accuracy\.not_worse_by needs gate\.release"),
        (
            {"release": "v*", "accuracy": SHOWN | {"not_worse_by": 0}},
            r"gate\.accuracy\.not_worse_by: expected a number > 0, got 0",
        ),
        (
            {"release": "v*", "log_loss": GOOD | {"not_worse_by": 0.1}},
            r"gate\.log_loss\.not_worse_by: expected null; only accuracy, .* are resampled",
        ),
    ],
)
def test_a_rule_that_guards_nothing_is_refused(write_params: WriteParams, gate: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_gate(write_params(gate=gate))
