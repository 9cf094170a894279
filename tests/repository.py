"""A copy of the repository, to run real DVC in."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.builders import ROOT

MODELS = ("custom_cnn", "resnet18")
"""The models of the tiny preset."""


@dataclass(frozen=True)
class Repository:
    """A copy of this repository with the tiny preset laid over its committed parameters."""

    root: Path
    shared_cache: Path | None = None

    @property
    def cache(self) -> Path:
        """The folder of DVC's cache, which a clone shares with the repository that it was cloned from."""
        return self.shared_cache or self.root / ".dvc/cache"

    def run(self, *command: str, check: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command there; its standard output and error come back as one text in `stdout`."""
        done = subprocess.run(
            command,
            cwd=self.root,
            env=build_environment() | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if check and done.returncode != 0:
            pytest.fail(f"{' '.join(command)} left with {done.returncode}:\n{done.stdout}")
        return done

    def dvc(self, *arguments: str) -> str:
        """Run a command of DVC and return what it printed."""
        return self.run("dvc", *arguments).stdout

    def start(self, *command: str) -> "subprocess.Popen[str]":
        """Start a command there, whose output can be read from its process."""
        return subprocess.Popen(
            command,
            cwd=self.root,
            env=build_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def find_experiment(self, name: str) -> str:
        """Return the commit of an experiment."""
        references = self.run("git", "for-each-ref", "--format=%(objectname) %(refname)", "refs/exps").stdout
        return next(line.split()[0] for line in references.splitlines() if line.endswith(f"/{name}"))

    def set_identity(self) -> None:
        """Say who commits; the machine's own settings are not read."""
        self.run("git", "config", "user.name", "test")
        self.run("git", "config", "user.email", "test@localhost")

    def commit(self, message: str) -> None:
        """Commit everything that git does not ignore."""
        self.run("git", "add", "--all")
        self.run("git", "commit", "--quiet", "--message", message)

    def clone(self, target: Path) -> "Repository":
        """Clone it; the clone has no data yet, and takes them from this repository's cache."""
        self.run("git", "clone", "--quiet", str(self.root), str(target))
        clone = Repository(target, self.cache)
        clone.set_identity()
        clone.dvc("cache", "dir", "--local", str(self.cache))
        return clone

    def copy_all(self, target: Path) -> "Repository":
        """Copy the repository with its data and its history; the copy uses the same cache."""
        shutil.copytree(self.root, target, symlinks=True)
        return Repository(target, self.shared_cache)

    def copy_files(self, target: Path) -> "Repository":
        """Copy its files, for stages to be called on; without git's and the raw data."""
        shutil.copytree(self.root, target, symlinks=True, ignore=shutil.ignore_patterns(".git", "raw"))
        return Repository(target)

    def tracked_outputs(self) -> dict[str, bytes]:
        """The bytes of the lock and of everything in metrics/ and plots/."""
        files = [self.root / "dvc.lock", *self.root.glob("metrics/**/*"), *self.root.glob("plots/**/*")]
        return {str(file.relative_to(self.root)): file.read_bytes() for file in files if file.is_file()}


def build_environment() -> dict[str, str]:
    """Return the environment of commands: the programs of this one first, and git without the user's settings."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {**os.environ, "PATH": path, "GIT_CONFIG_GLOBAL": os.devnull}


def stages_run(output: str) -> list[str]:
    """The stages that DVC says it ran, sorted."""
    return sorted(re.findall(r"Running stage '([^']+)'", output))


def read_plot_specs(page: str) -> list[dict[str, Any]]:
    """The Vega-Lite specifications in a page that `dvc plots` wrote."""
    return [json.loads(spec) for spec in re.findall(r"var spec = (\{.*?\});\s*vegaEmbed", page, re.DOTALL)]


def copy_repository(target: Path) -> Repository:
    """Copy what git tracks or would track, with the parameters as committed, and lay the tiny preset over them."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        outputs = name.startswith(("metrics/", "plots/")) or name == "dvc.lock"
        if not outputs and (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    committed = subprocess.run(["git", "show", "HEAD:params.yaml"], cwd=ROOT, capture_output=True, check=True)
    (target / "params.yaml").write_bytes(committed.stdout)
    repository = Repository(target)
    repository.run("git", "init", "--quiet", "--initial-branch", "main")
    repository.set_identity()
    repository.commit("Start")
    repository.run("lesions", "preset", "tiny")
    return repository
