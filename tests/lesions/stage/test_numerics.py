"""A stage that computes with torch is started once more if its numerics are portable, in an environment for them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lesions.hardware.numerics import PORTABLE
from tests.builders import HARDWARE, ROOT

STAGE = """
import json, os
from pathlib import Path
import torch
from lesions.hardware.device import set_up_device
from lesions.hardware.numerics import PORTABLE
from lesions.stage.run import run_stage

def main(word: str, params: Path = Path("params.yaml")) -> None:
    capability = torch.backends.cpu.get_cpu_capability()
    print(json.dumps([os.getpid(), word, capability, {name: os.environ.get(name) for name in PORTABLE}]))

run_stage(main, with_torch=True)
"""


@pytest.mark.parametrize("numerics", ["native", "portable"])
def test_the_process_of_a_stage_computes_as_its_parameters_say(tmp_path: Path, numerics: str) -> None:
    (tmp_path / "stage.py").write_text(STAGE)
    (tmp_path / "params.yaml").write_text(json.dumps({"hardware": HARDWARE | {"numerics": numerics}}))
    environment = {name: value for name, value in os.environ.items() if name not in PORTABLE}
    process = subprocess.Popen(
        [sys.executable, "stage.py", "two words"],
        cwd=tmp_path,
        env=environment | {"PYTHONPATH": str(ROOT), "MKL_CBWR": "AVX2"},  # of the user's own
        stdout=subprocess.PIPE,
        text=True,
    )
    printed, _ = process.communicate()
    assert process.returncode == 0
    pid, word, capability, variables = json.loads(printed)
    assert (pid, word) == (process.pid, "two words")  # the same process for DVC, with the same arguments
    if numerics == "portable":
        assert capability == "AVX2"
        assert variables == PORTABLE
    else:
        assert variables == dict.fromkeys(PORTABLE) | {"MKL_CBWR": "AVX2"}
