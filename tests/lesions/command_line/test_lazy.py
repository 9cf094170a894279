"""What a command says if its libraries are not installed."""

import subprocess
import sys

import pytest

from tests.builders import ROOT


@pytest.mark.parametrize(
    ("command", "package", "purpose", "extra"),
    [
        ("serve", "fastapi", "serving", "serve"),
        ("serve", "uvicorn", "serving", "serve"),
        ("score", "pandas", "training", "train"),
        ("search", "optuna", "searching", "train,search"),
    ],
)
def test_a_missing_library_names_the_command_and_its_extra(
    command: str, package: str, purpose: str, extra: str
) -> None:
    program = f"import sys; sys.modules[{package!r}] = None; from lesions.command_line.app import app; app()"
    done = subprocess.run(
        [sys.executable, "-c", program, command, "x"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"error: lesions {command}: needs the {purpose} libraries, of which {package} is not installed: "
        f'pip install "lesions[{extra}]"\n'
    )
