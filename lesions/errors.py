"""The one exception for what a user can cause and mend."""


class InputError(ValueError):
    """Say what is wrong with a file, a parameter or the machine, and how to mend it.

    The command line shows the message alone, without a traceback, and exits with 1.
    """
