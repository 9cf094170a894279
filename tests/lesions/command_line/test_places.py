"""The commands that need git and DVC, wherever the project is in a git repository."""

import json
from collections.abc import Sequence
from contextlib import chdir
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from lesions.command_line.app import commands
from tests.builders import ROOT, slow
from tests.gating import predict, write_model, write_split
from tests.repository import Repository
from tests.small_project import build_project

pytestmark = pytest.mark.filterwarnings("ignore:_NoneStep.value:DeprecationWarning")  # of what DVC calls

SUBFOLDER = "ml/skin"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A small project in a subfolder of a git repository, with metrics as `evaluate` writes them, and experiments."""
    project = build_project(tmp_path_factory.mktemp("places") / "mono", below=SUBFOLDER)
    write_model(project.root, "small", predict(1.5))
    write_split(project.root)
    rule = "{direction: higher, floor: 0.5, largest_drop: 0.05, beyond_noise: true}"
    params = project.root / "params.yaml"
    params.write_text(params.read_text().replace("gate: {floor: 0.5}", f"gate: {{accuracy: {rule}}}"))
    files = ["metrics/small/test.json", "metrics/small/digest.json", "metrics/split.json"]
    with (project.root / "dvc.yaml").open("a") as definitions:
        definitions.write(f"metrics: {json.dumps(files)}\n")
    project.dvc("repro")
    project.commit("Measure")
    for fold in range(3):
        project.dvc("exp", "run", "--temp", "--name", f"fold-{fold}", "-S", f"split.fold={fold}")
    assert "training the seeds 0, 1; 0 exist already" in project.run("lesions", "repeat", "--seeds", "2").stdout
    return project


@pytest.fixture(params=["subfolder", slow("folder below"), slow("worktree"), slow("submodule")])
def place(request: pytest.FixtureRequest, project: Repository, tmp_path: Path) -> Repository:
    """A folder from which the commands are called."""
    top = project.root.parents[1]
    if request.param == "subfolder":
        return project
    if request.param == "folder below":
        return Repository(project.root / "data/raw")
    if request.param == "worktree":
        project.run("git", "worktree", "add", "--quiet", "--detach", str(tmp_path / "other"))
        found = Repository(tmp_path / "other" / SUBFOLDER)
    else:
        outer = Repository(tmp_path)
        outer.run("git", "init", "--quiet")
        outer.run("git", "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(top), "inner")
        found = Repository(tmp_path / "inner" / SUBFOLDER)
        found.set_identity()
        found.run("git", "fetch", "--quiet", "origin", "refs/exps/*:refs/exps/*")
    found.dvc("cache", "dir", "--local", str(project.cache))
    found.dvc("checkout", "--quiet")
    return found


def test_the_gate_passes_where_nothing_changed_and_fails_on_a_drop(place: Repository) -> None:
    done = call(place.root, "gate", "--base", "HEAD", "--markdown", "gate.md")
    (place.root / "gate.md").unlink()
    assert (done.exit_code, done.output.splitlines()[-1][-8:]) == (0, ": passed"), done.output
    root = place.root if (place.root / "metrics").is_dir() else place.root.parents[1]
    write_model(root, "small", predict(0))
    done = call(place.root, "gate", "--base", "HEAD")
    write_model(root, "small", predict(1.5))
    assert done.exit_code == 1
    assert "below the floor" in done.output


def test_experiments_are_found_and_pooled(place: Repository) -> None:
    repeated = call(place.root, "repeat", "--seeds", "2").output
    assert "mean of seeds" in repeated
    assert "training" not in repeated
    assert "24 images of 12 groups, each tested by one of 3 folds" in call(place.root, "folds").output
    root = place.root if (place.root / "dvc.yaml").is_file() else place.root.parents[1]
    assert (root / "data/folds/small.csv").is_file()


@pytest.mark.parametrize("place", ["submodule"], indirect=True)
def test_experiments_are_run_in_a_submodule(place: Repository) -> None:
    assert "training the seeds 2; 2 exist already" in place.run("lesions", "repeat", "--seeds", "3").stdout


def test_plots_are_drawn(place: Repository) -> None:
    drawn = call(place.root, "plots", "HEAD", "--page", "page.html").output
    assert "page.html: 2 plots, HEAD → workspace" in drawn
    assert "Logits of small" in (place.root / "page.html").read_text(encoding="utf-8")
    (place.root / "page.html").unlink()


def test_the_lock_is_checked(project: Repository) -> None:
    check = ("make", "--file", str(ROOT / "Makefile"), "--old-file", ".venv/ready", "check-lock")
    assert "up to date" in project.run(*check).stdout
    layers = project.root / "net/layers.py"
    before = layers.read_text()
    layers.write_text(before + "\n")
    done = project.run(*check, check=False)
    layers.write_text(before)
    assert done.returncode == 2
    assert "dvc.lock was made from other code or parameters" in done.stdout


def test_a_pipeline_apart_from_dvcs_settings_is_refused_first(project: Repository, tmp_path: Path) -> None:
    outer = Repository(tmp_path)
    outer.run("git", "init", "--quiet")
    outer.dvc("init", "--quiet")
    (tmp_path / "ml").mkdir()
    for name in ("dvc.yaml", "params.yaml", "requirements.lock"):
        (tmp_path / "ml" / name).write_bytes((project.root / name).read_bytes())
    for command in (("gate", "--base", "HEAD"), ("repeat",), ("folds",), ("plots", "HEAD")):
        printed = call_in_vain(tmp_path / "ml", command)
        assert "dvc.yaml is not in " in printed.splitlines()[0]
        assert "`dvc init --subdir` beside dvc.yaml makes another .dvc" in printed


def test_a_project_without_git_is_refused_first(tmp_path: Path) -> None:
    folder = Repository(tmp_path)
    folder.dvc("init", "--no-scm", "--quiet")
    (tmp_path / "dvc.yaml").write_text("stages: {}\n")
    for command in (("repeat",), ("folds",), ("plots", "HEAD")):
        assert "is in no git repository that DVC uses" in call_in_vain(tmp_path, command).splitlines()[0]


def call(folder: Path, *command: str) -> Result:
    """Call a command of `lesions` in this process."""
    with chdir(folder):
        return CliRunner().invoke(commands, command)


def call_in_vain(folder: Path, command: Sequence[str]) -> str:
    """Call a command of `lesions`, which must fail; return what it prints and then why it fails."""
    done = call(folder, *command)
    assert done.exit_code
    return f"{done.output}{done.exception}"
