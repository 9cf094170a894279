"""Tests that texts that look the same get one spelling, and others keep theirs."""

import pytest

from lesions.formats.spelling import fold_spelling, normalise_spelling


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  P 01\t", "P 01"),
        ("P\u00a0 \u200901", "P 01"),
        ("P\r01\n", "P 01"),
        ("e\u0301", "é"),
        ("Ｐ０１", "P01"),
        ("ｶﾞ", "ガ"),
        ("\ufeffP\u200b0\u00ad1\u200f\u2066\ufe0f", "P01"),
        ("P\x000\x071\x1b", "P01"),
        ("m²", "m²"),
        ("А1", "А1"),
        ("\u200b", ""),
    ],
)
def test_a_text_is_composed_in_normal_width_and_visible(text: str, expected: str) -> None:
    assert normalise_spelling(text) == expected


def test_capitals_do_not_matter_for_names() -> None:
    assert fold_spelling(" Straße\u00a0NR ") == fold_spelling("STRASSE nr")
