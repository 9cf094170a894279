"""The wheel of this checkout, and environments that have it installed."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

from tests.builders import ROOT

UV = Path(sys.executable).with_name("uv")


def run(*command: str | Path, cwd: Path, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command that sees nothing of this checkout and of this environment."""
    clean = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    return subprocess.run(
        [*map(str, command)], cwd=cwd, env=clean, capture_output=True, text=True, check=False, **options
    )


def build_wheel(folder: Path) -> Path:
    """Build the wheel in a folder."""
    built = run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    assert built.returncode == 0, built.stderr
    return next(folder.glob("*.whl"))


def install_beside(folder: Path, wheel: Path) -> Path:
    """Install the wheel alone into a new environment that finds all else in this one; return its programs' folder."""
    for arguments in (
        ("venv", "--quiet", "--python", sys.executable, folder),
        ("pip", "install", "--quiet", "--offline", "--no-deps", "--python", folder, wheel),
    ):
        done = run(UV, *arguments, cwd=folder.parent)
        assert done.returncode == 0, done.stderr
    (packages,) = folder.glob("lib/*/site-packages")
    (packages / "beside.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "bin"
