"""The environment in which torch computes by instructions that processors of different vendors have in common."""

import os
import sys

from lesions.hardware.system import check_posix

PORTABLE = {
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    # The code path of MKL that Intel documents for all processors, those of other vendors among them.
    "MKL_CBWR": "COMPATIBLE",
}
"""What `hardware.numerics: portable` sets; libraries read it once, when they are loaded or first compute."""

PORTABLE_CAPABILITY = "AVX2"
"""What torch then says that it computes with."""


def is_portable() -> bool:
    """Return whether this process was started with the environment of `hardware.numerics: portable`."""
    return all(os.environ.get(name) == value for name, value in PORTABLE.items())


def restart_portably() -> None:
    """Replace this process by one with the same arguments and the portable environment; do nothing if it has it."""
    if not is_portable():
        check_posix(
            "hardware.numerics: portable"
        )  # elsewhere DVC would take the end of this process for that of the stage
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], os.environ | PORTABLE)  # noqa: S606, no shell is meant
