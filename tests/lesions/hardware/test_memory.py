"""Tests of the peak memory of a process."""

import subprocess
import sys

import numpy as np

from lesions.hardware.memory import read_peak_memory

MIB = 2**20
PROBE = "from lesions.hardware.memory import read_peak_memory; print(read_peak_memory())"


def test_peak_memory_includes_freed_memory_but_not_the_parents() -> None:
    numbers = np.ones(25_000_000)  # 200 MB
    before = read_peak_memory()
    assert before > numbers.nbytes
    del numbers
    assert read_peak_memory() > before - MIB  # the system counts pages, some of them late
    child = subprocess.run([sys.executable, "-c", PROBE], check=True, capture_output=True, text=True)
    assert 5 * MIB < int(child.stdout) < 60 * MIB


def test_a_system_without_the_module_resource_is_asked_in_another_way() -> None:
    """What Windows lacks is taken away; psutil then has the memory of now on Linux, and the peak on Windows."""
    probe = "import psutil, sys; sys.modules['resource'] = None; from pathlib import Path; "
    probe += "import lesions.hardware.memory as m; m.STATUS = Path('nowhere'); print(m.read_peak_memory())"
    child = subprocess.run([sys.executable, "-c", probe], check=True, capture_output=True, text=True)
    assert 5 * MIB < int(child.stdout) < 60 * MIB
