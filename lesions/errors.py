"""The exception for every mistake that a user can make and correct, and how its message quotes a value."""

QUOTED_CHARACTERS = 80
"""A longer value is cut in messages: a cell of a table can hold a whole book."""


class InputError(ValueError):
    """The message says what is wrong with a file, a parameter or the machine, and how to correct it.

    The command line shows only the message, without a traceback, and exits with 1.
    """


def quote_value(value: object) -> str:
    """Return a value in quotes, with control characters spelled out, cut to `QUOTED_CHARACTERS`."""
    return repr(cut_value(value))


def cut_value(value: object) -> str:
    """Return a value as text, cut to `QUOTED_CHARACTERS`."""
    text = str(value)
    return text if len(text) <= QUOTED_CHARACTERS else f"{text[: QUOTED_CHARACTERS - 1]}…"
