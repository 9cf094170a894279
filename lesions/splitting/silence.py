"""Keep off standard output what a library prints in C, past Python's `sys.stdout`."""

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def silence_c() -> Iterator[None]:
    """Send what C code prints to nowhere; Python must not print meanwhile.

    HiGHS, the solver behind `scipy.optimize.milp`, prints lines such as "transformNewIntegerFeasibleSolution
    tmpSolver.run();" whatever its options are.
    """
    if sys.stdout is not None:
        sys.stdout.flush()
    libc = ctypes.CDLL(None)
    libc.fflush(None)
    try:
        kept = os.dup(1)
    except OSError:  # standard output is closed
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    try:
        yield
    finally:
        # C keeps lines back where standard output is no terminal.
        libc.fflush(None)
        os.dup2(kept, 1)
        os.close(kept)
