"""Signals that end a program, and one that does not."""

import signal
import subprocess
import sys

import pytest

from tests.builders import ROOT

PROGRAM = """
import os, signal, sys
from lesions.stage.run import exit_on_signals
{before}
exit_on_signals()
try:
    os.kill(os.getpid(), signal.{name})
except Exception:
    print("went on after an error")
finally:
    print("cleaned up")
"""


def run_with(name: str, before: str = "") -> tuple[int, str, str]:
    program = PROGRAM.format(name=name, before=before)
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_ends_a_program_in_order(name: str) -> None:
    message = f"stopped by {name}; no partial file is left; run the same command again\n"
    assert run_with(name) == (128 + signal.Signals[name], "cleaned up\n", message)


def test_a_closed_terminal_ends_no_program_that_nohup_started() -> None:
    assert run_with("SIGHUP", "signal.signal(signal.SIGHUP, signal.SIG_IGN)") == (0, "cleaned up\n", "")


def test_a_terminal_that_is_gone_hinders_no_end() -> None:
    status, printed, _ = run_with("SIGHUP", "sys.stderr = open('/dev/full', 'w')")
    assert status != 0
    assert printed == "cleaned up\n"
