"""The one spelling of an identifier of a patient or a lesion."""

import re

from lesions.formats.spelling import normalise_spelling

NOT_KNOWN = frozenset(
    [
        *["n/a", "na", "n.a.", "n.a", "<na>", "nan", "nat", "none", "null", "nil", "unknown", "undefined", "missing"],
        *["not known", "not available", "not applicable", "k.a.", "k. a.", "k.a", "keine angabe", "unbekannt"],
        *["inconnu", "inconnue", "desconocido", "desconocida", "sconosciuto", "onbekend", "desconhecido"],
        *["#n/a", "#na", "#null!", "#value!", "#ref!", "#name?", "#num!", "#div/0!"],
    ]
)
"""What programs and people write into an empty cell, in lower case; so is any text without a letter or a digit."""


def normalise_identifier(cell: str) -> str:
    """Return the one spelling of an identifier, or an empty text if the cell says that it is not known.

    Only what cannot tell two identifiers apart is changed: composition, width, blanks, invisible characters, and the
    `.0` that programs put behind whole numbers.
    """
    text = normalise_spelling(cell)
    if text.casefold() in NOT_KNOWN or not any(map(str.isalnum, text)):
        return ""
    return re.sub(r"^([0-9]+)[.,]0$", r"\1", text)
