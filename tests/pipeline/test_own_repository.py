"""A new user goes from the installed wheel to a compared pair of models on a folder of images."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.own_repository import write_images
from tests.repository import Repository, build_environment, stages_run
from tests.wheels import build_wheel, install_beside

REPORT_CODE = "report/cells.py"


@dataclass(frozen=True)
class Installed(Repository):
    """A repository of one's own in which the programs of another environment run."""

    programs: Path = Path()

    def run(self, *command: str, check: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command there, without this checkout."""
        path = os.pathsep.join([str(self.programs), build_environment()["PATH"]])
        return super().run(*command, check=check, **{"PATH": path, "PYTHONPATH": ""} | environment)


@pytest.fixture(scope="module")
def user(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """A repository that `lesions init` of the wheel made, with the tiny recipe; paths have blanks and umlauts."""
    folder = tmp_path_factory.mktemp("user")
    programs = install_beside(folder / "environment", build_wheel(folder / "dist"))
    write_images(folder / "Bilder Süd", num_per_diagnosis=24)
    start = Installed(folder, programs=programs)
    start.run("lesions", "init", "Klinik Süd", "--images", "Bilder Süd", "--ci", "github")
    user = Installed(folder / "Klinik Süd", programs=programs)
    user.set_identity()
    user.run("lesions", "preset", "tiny", "--dataset", "image_folder")
    user.commit("Start")
    return user


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_from_the_wheel_to_a_compared_pair_of_models(user: Installed, tmp_path: Path) -> None:
    assert "data/raw" not in (user.root / "params.yaml").read_text().split("root:")[1].split("\n")[0]
    assert user.run("lesions", "check").returncode == 0
    first = user.dvc("repro")
    assert {"train@custom_cnn", "train@resnet18", "compare", "report"} <= {*stages_run(first)}
    assert "resnet18" in (user.root / "metrics/comparison.json").read_text()
    user.commit("Run")
    assert stages_run(user.dvc("repro")) == []
    assert user.run("git", "status", "--porcelain").stdout == ""
    assert re.search(r"will run +nothing: the last run is up to date", user.run("lesions", "check").stdout)

    workflow = YAML(typ="safe").load(user.root / ".github/workflows/ci.yml")
    steps = {step["name"]: step["run"] for step in workflow["jobs"]["check"]["steps"] if "run" in step}
    clone = Installed(tmp_path / "clone", programs=user.programs)
    user.run("git", "clone", "--quiet", str(user.root), str(clone.root))
    files = {"RUNNER_TEMP": str(tmp_path), "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")}
    for name, command in steps.items():
        if name != "Install the locked packages":
            done = clone.run("bash", "-e", "-c", command, check=False, GITHUB_BASE_REF="main", **files)
            assert done.returncode == 0, f"{name}\n{done.stdout}"
    assert (tmp_path / "summary.md").read_text().startswith("## Metrics gate: passed\n")

    # An upgrade runs what it reaches: here, another file of the installed package.
    (code,) = user.programs.parent.glob(f"lib/*/site-packages/lesions/{REPORT_CODE}")
    shutil.copy(code, tmp_path)
    with code.open("a") as file:
        file.write("# another version\n")
    refused = user.run("lesions", "check", check=False).stdout
    assert "error: lesions.lock: this repository uses lesions" in refused
    user.run("lesions", "update")
    assert stages_run(user.dvc("repro")) == ["report", "trace_code"]
    shutil.copy(tmp_path / code.name, code)
    user.run("git", "checkout", "--quiet", ".")
