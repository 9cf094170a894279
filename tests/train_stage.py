"""The stage train as a process, in a copy of the tiny repository."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.repository import Repository

TRAIN = """
python -m stages.train --code data/code/train@{model}.json --model {model} --recipe data/recipes/{model}.json
--images data/images.npy --metadata data/metadata.csv --splits data/splits.csv
--classes data/classes.json --pretrained data/pretrained/{model}
--checkpoint new/weights.safetensors --metrics new/train.json
--history new/history.json --machine new/machine.json
"""


def start(copy: Repository, model: str) -> subprocess.Popen[str]:
    """Start it; what it writes goes to the folder new/."""
    return subprocess.Popen(
        [sys.executable, *list_command(model)],
        cwd=copy.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=list_environment(),
    )


def list_command(model: str) -> list[str]:
    """Return the arguments of Python."""
    return TRAIN.format(model=model).split()[1:]


def list_environment() -> dict[str, str]:
    """Return the environment, without what says that DVC runs the stage."""
    kept = {name: value for name, value in os.environ.items() if name not in ("DVC_ROOT", "LESIONS_RESUME_DIR")}
    return kept | {"PYTHONUNBUFFERED": "1"}


def read_until(process: subprocess.Popen[str], words: str) -> None:
    """Read lines up to one with these words."""
    assert process.stdout is not None
    for line in process.stdout:
        if words in line:
            return
    pytest.fail(f"the process never said {words!r}")


def assert_as_before(copy: Repository, model: str) -> None:
    """The files are those of the run that nothing stopped, and no state is left."""
    for new, old in (
        ("weights.safetensors", f"data/checkpoints/{model}.safetensors"),
        ("train.json", f"metrics/{model}/train.json"),
        ("history.json", f"plots/history/{model}.json"),
    ):
        assert (copy.root / "new" / new).read_bytes() == (copy.root / old).read_bytes(), new
    assert not list((copy.root / ".resume").glob("*.safetensors"))


def set_hardware(copy: Repository, **changes: object) -> None:
    """Change parameters of the section hardware."""
    params = copy.root / "params.yaml"
    text = params.read_text()
    for name, value in changes.items():
        (line,) = [line for line in text.splitlines() if line.startswith(f"  {name}: ")]
        text = text.replace(line, f"  {name}: {json.dumps(value)}")
    params.unlink()
    params.write_text(text)


def find_process(launcher: int, rank: int) -> int:
    """Return the id of the process with this rank that a stage's process started."""
    (pid,) = [
        int(pid)
        for pid in Path(f"/proc/{launcher}/task/{launcher}/children").read_text().split()
        if f"\0RANK={rank}\0" in Path(f"/proc/{pid}/environ").read_text()
    ]
    return pid
