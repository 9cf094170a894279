"""How long a process took to start."""

import subprocess
import sys

import pytest

from lesions.hardware import start_up
from tests.builders import ROOT

SLEEP_FIRST = (
    "import time; time.sleep(0.5); from lesions.hardware.start_up import measure_start_up as m; print(m(), m())"
)


def test_start_up_is_the_time_since_the_process_began() -> None:
    done = subprocess.run([sys.executable, "-c", SLEEP_FIRST], cwd=ROOT, capture_output=True, text=True, check=True)
    first, second = map(float, done.stdout.split())
    assert 0.5 < first <= second < 60


def test_where_the_system_does_not_say_it_is_the_processor_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start_up, "STAT", ROOT / "nowhere")
    assert 0 < start_up.measure_start_up() < 10_000
