"""What spellings of one identifier have in common that may also be two identifiers."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Literal

SimilarIdentifiers = Literal["ask", "join", "keep"]
"""Whether identifiers that may be one in two spellings stop the run, are joined, or are kept apart."""

LOOK_ALIKES = str.maketrans(
    "АВЕЅІЈКМНОРСТХУаеѕіјорсхуΑΒΕΖΗΙΚΜΝΟΡΤΥΧο‐‑‒–—―−‘’",
    "ABESIJKMHOPCTXYaesijopcxyABEZHIKMNOPTYXo-------''",
)
"""Cyrillic and Greek letters, dashes and quotes, and the ASCII characters that look like them."""


def fold_identifier(identifier: str, *, but: str | None = None) -> str:
    """Return what other spellings of an identifier have in common with it, whatever they differ by `but` one kind."""
    for kind, fold in FOLDS.items():
        identifier = identifier if kind == but else fold(identifier)
    return identifier


def _replace_look_alikes(identifier: str) -> str:
    digits = "".join(str(unicodedata.decimal(one)) if one.isdecimal() else one for one in identifier)
    return unicodedata.normalize("NFKC", digits.translate(LOOK_ALIKES))


def _spell_out_number(identifier: str) -> str:
    """Return a whole number in digits: 100000 for 1e5 or 1.0E+05, and 17 for 17.00."""
    number = re.fullmatch(r"([1-9][0-9]*)(?:[.,]([0-9]+))?e\+?([0-9]{1,2})", identifier, re.IGNORECASE)
    if number is None:
        return re.sub(r"^([0-9]+)[.,]0+$", r"\1", identifier)
    whole, decimals, exponent = number[1], (number[2] or "").rstrip("0"), int(number[3])
    return whole + decimals.ljust(exponent, "0") if len(decimals) <= exponent else identifier


def _remove_punctuation(identifier: str) -> str:
    """Return P1 for 'P1, ="P1", #P1 and P1; but 1'2 and 1#2 as they are."""
    return re.sub(r"""^=|(?<![0-9])["'#]+|["'#]+(?![0-9])""", "", identifier).rstrip(",;")


def _remove_separators(identifier: str) -> str:
    """Return PAT01 for PAT-01, PAT_01 and PAT.01, but 1-2, 1.2 and -1 as they are."""
    return re.sub(r"(?<=[^-_.0-9])[-_.]+|(?<![-_.])[-_.]++(?![0-9])", "", identifier)


def _remove_leading_zeros(identifier: str) -> str:
    # Not those of a number's decimals: 1.05 is not 1.5.
    return re.sub(r"(?<![0-9])(?<![0-9][.,])0+(?=[0-9])", "", identifier)


FOLDS: Mapping[str, Callable[[str], str]] = {
    "look-alike characters": _replace_look_alikes,
    "capitals": str.casefold,
    "blanks": lambda identifier: "".join(identifier.split()),
    "punctuation": _remove_punctuation,
    "number formats": _spell_out_number,
    # After the formats of numbers, of which 1E-5 is none.
    "separators": _remove_separators,
    "leading zeros": _remove_leading_zeros,
}
"""What two spellings of one identifier may differ by, and what takes the difference away, in this order."""
