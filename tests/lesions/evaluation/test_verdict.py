"""A difference is described in words."""

from typing import get_args

import pytest

from lesions.evaluation.estimation import HeadlineMetric
from lesions.evaluation.interval import Difference
from lesions.evaluation.verdict import METRIC_WORDS, describe_lead, spell_number


@pytest.mark.parametrize(
    ("lead", "words"),
    [
        (
            Difference(0.11, 0.07, 0.15, 0.001, 0.002),
            "a is better than b by 0.110 macro F1 (95 % interval 0.070 to 0.150; one seed).",
        ),
        (
            Difference(-0.11, -0.15, -0.07, 0.001, 0.002),
            "b is better than a by 0.110 macro F1 (95 % interval 0.070 to 0.150; one seed).",
        ),
        (
            Difference(0.11, -0.02, 0.24, 0.1, 0.1),
            "The test images cannot tell a from b: a is ahead by 0.110 macro F1, 95 % interval −0.020 to 0.240.",
        ),
        (
            Difference(-0.01, -0.05, 0.02, 0.6, 0.6),
            "The test images cannot tell b from a: b is ahead by 0.010 macro F1, 95 % interval −0.020 to 0.050.",
        ),
        (
            Difference(0.11, 0.01, 0.21, 0.03, 0.09),
            "The test images cannot tell a from b: a is ahead by 0.110 macro F1, 95 % interval 0.010 to 0.210, "
            "but that is not significant for the number of pairs compared (p = 0.090 after Holm).",
        ),
        (Difference(0, 0, 0, 1, 1), "a and b have the same macro F1 in every resample of the test images."),
    ],
)
def test_a_lead_is_described_in_words(lead: Difference, words: str) -> None:
    assert describe_lead("a", "b", lead, metric="macro_f1") == words


@pytest.mark.parametrize(
    ("lead", "words"),
    [
        (
            Difference(0.11, 0.07, 0.15, 0.001, 0.002),
            "The rim of the image alone is better than net by 0.110 macro F1 "
            "(95 % interval 0.070 to 0.150; one seed).",
        ),
        (
            Difference(-0.11, -0.15, -0.07, 0.001, 0.002),
            "net is better than the rim of the image alone by 0.110 macro F1 "
            "(95 % interval 0.070 to 0.150; one seed).",
        ),
        (
            Difference(0.11, -0.02, 0.24, 0.1, 0.1),
            "The test images cannot tell the rim of the image alone from net: the rim of the image alone is ahead by "
            "0.110 macro F1, 95 % interval −0.020 to 0.240.",
        ),
    ],
)
def test_baselines_and_probes_are_named_in_words(lead: Difference, words: str) -> None:
    assert describe_lead("border_probe", "net", lead, metric="macro_f1") == words


def test_the_number_of_seeds_is_stated() -> None:
    lead = Difference(0.11, 0.07, 0.15, 0.001, 0.001)
    described = describe_lead("a", "b", lead, metric="accuracy", num_seeds=5)
    assert described.endswith("(95 % interval 0.070 to 0.150; 5 seeds).")


def test_every_headline_metric_has_words() -> None:
    assert set(METRIC_WORDS) == set(get_args(HeadlineMetric))


def test_numbers_have_a_real_minus_sign() -> None:
    assert [spell_number(-0.5), spell_number(0.5), spell_number(0.5, signed=True)] == ["−0.500", "0.500", "+0.500"]
