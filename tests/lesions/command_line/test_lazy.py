"""What a command says if its libraries are not installed."""

import subprocess
import sys

import pytest

from tests.builders import ROOT


@pytest.mark.parametrize(
    ("command", "package", "purpose", "extra"),
    [
        ("serve x", "fastapi", "serving", "serve"),
        ("serve x", "uvicorn", "serving", "serve"),
        ("score x", "pandas", "training", "train"),
        ("search x", "optuna", "searching", "train,search"),
        ("folds --run", "optuna", "searching", "train,search"),
    ],
)
def test_a_missing_library_names_the_command_and_its_extra(
    command: str, package: str, purpose: str, extra: str
) -> None:
    program = f"import sys; sys.modules[{package!r}] = None; from lesions.command_line.app import app; app()"
    done = subprocess.run(
        [sys.executable, "-c", program, *command.split()], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"error: lesions {command.split()[0]}: needs the {purpose} libraries, of which {package} is not installed: "
        f'pip install "lesions[{extra}]"\n'
    )
