"""Text of others, such as a name in a file, as it can be shown anywhere: on a terminal, in Markdown and in XML."""

import re

PUNCTUATION = re.compile(r"[\\`*\[\]<|~&$]|_(?![^\W_])|(?<![^\W_])_")
"""What Markdown could read as something else than itself; an underscore inside a word is none of it."""


def make_printable(text: str) -> str:
    """Return a text on one line, with the escape sequences of Python in place of what has no ink."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def escape_markdown(text: str) -> str:
    """Return a text that Markdown shows as it is, on one line."""
    return PUNCTUATION.sub(r"\\\g<0>", make_printable(text))
