"""The exception for every mistake that a user can make and correct."""


class InputError(ValueError):
    """The message says what is wrong with a file, a parameter or the machine, and how to correct it.

    The command line shows only the message, without a traceback, and exits with 1.
    """
