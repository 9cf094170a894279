"""One spelling of a text for the many that look the same: blanks, invisible characters, composition, width."""

import unicodedata

INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0") | frozenset(map(chr, range(0xFE00, 0xFE10)))
"""Characters without ink that Unicode counts among letters, marks and symbols."""


def normalise_spelling(text: str) -> str:
    """Return a text composed (NFC), in normal width, without invisible characters, with single blanks inside.

    Line breaks and tabs become blanks; other control characters are removed.
    """
    visible = "".join(_narrow(character) for character in text if not _is_invisible(character))
    return unicodedata.normalize("NFC", " ".join(visible.split()))


def fold_spelling(text: str) -> str:
    """Return the normalised text without capitals, to compare names that people type."""
    return normalise_spelling(text).casefold()


def _is_invisible(character: str) -> bool:
    # Cc are control characters, among them line breaks; Cf are zero-width and direction marks and the soft hyphen.
    is_control = unicodedata.category(character) in ("Cc", "Cf") and not character.isspace()
    return is_control or character in INVISIBLE


def _narrow(character: str) -> str:
    """Return the ordinary form of a full-width or half-width character."""
    is_other_width = unicodedata.decomposition(character).startswith(("<wide>", "<narrow>"))
    return unicodedata.normalize("NFKC", character) if is_other_width else character
