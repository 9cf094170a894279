"""`lesions reproduce` with real git and DVC, on a project whose stages take no time."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from lesions.command_line.app import commands
from lesions.reproduction.clone import Project, fetch_inputs, open_clone
from lesions.reproduction.recorded import StageRecord
from tests.repository import Repository
from tests.small_project import build_project, write_findings

NOISE = "return x + 0.5"


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The system's folder for temporary files, which has to be empty in the end."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    yield folder
    assert not [*folder.iterdir()]


def reproduce(project: Repository, folder: Path, *options: str) -> tuple[int, str, ElementTree.Element]:
    """Run the command in this process, and return its exit code, its Markdown and its JUnit XML."""
    files = ("--markdown", str(folder / "made.md"), "--junit", str(folder / "made.xml"))
    with chdir(project.root):
        done = CliRunner().invoke(commands, ["reproduce", *files, *options], catch_exceptions=False)
    return done.exit_code, (folder / "made.md").read_text(), ElementTree.parse(folder / "made.xml").getroot()


def list_files(folder: Path) -> dict[str, tuple[int, int]]:
    """The size and the time of change of each file but those of git's and DVC's bookkeeping."""
    files = (path for path in folder.rglob("*") if path.is_file() and not {"tmp", "logs"} & {*path.parts})
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in files if path.name != "index"}


@pytest.mark.slow
def test_a_run_in_a_folder_of_its_repository_comes_out_again_and_leaves_the_project_alone(
    tmp_path: Path, temporary: Path
) -> None:
    project = build_project(tmp_path / "repository", below="skin")
    # DVC's cache has the data, and the workspace other ones.
    write_findings(project.root, mended=True)
    before = list_files(tmp_path / "repository")
    status, markdown, junit = reproduce(project, tmp_path)
    assert status == 0, markdown
    assert markdown.startswith(
        "## Reproduction: same bits\n\nHEAD \\(" if "\\(" in markdown else "## Reproduction: sa"
    )
    assert "| train@small | same bits |  |" in markdown
    assert (junit.attrib["tests"], junit.attrib["failures"]) == ("5", "0")
    assert list_files(tmp_path / "repository") == before


@pytest.mark.slow
def test_a_run_that_comes_out_otherwise_names_where_it_begins(tmp_path: Path, temporary: Path) -> None:
    project = build_project(tmp_path / "repository")
    layers = project.root / "net/layers.py"
    # What another processor does: the same code, other bits.
    layers.write_text(layers.read_text().replace(NOISE, 'return x + (0.25 if "lesions-rep" in __file__ else 0.5)'))
    report = project.root / "stages/report.py"
    report.write_text(report.read_text().replace('"page"', 'open("data/predictions/small.csv").read()'))
    project.run("dvc", "repro", PYTHONPATH=os.pathsep.join(sys.path))
    project.commit("Depend on the machine")
    status, markdown, junit = reproduce(project, tmp_path)
    assert status == 1
    assert markdown.startswith("## Reproduction: not reproduced\n")
    assert "| split_by_patient | same bits |  |" in markdown
    assert (
        "| train@small | different | other bits in data/predictions/small.csv, plots/small.json; no score" in markdown
    )
    assert "- train@small is the first stage that diverges, from inputs of the same bits." in markdown
    assert [case.attrib["name"] for case in junit.iter("testcase") if case.find("failure") is not None] == [
        *("train@small", "report"),
    ]


@pytest.mark.slow
def test_a_stage_that_fails_is_not_reproduced(tmp_path: Path, temporary: Path) -> None:
    project = build_project(tmp_path / "repository")
    (project.root / "stages/report.py").write_text('import sys\nsys.exit("no page")\n')
    project.commit("Break the report")
    status, markdown, _ = reproduce(project, tmp_path)
    assert status == 1
    assert "| report | different | did not run to its end |" in markdown
    assert "dvc repro\\` failed there with the exit code" in markdown
    assert "| trace_code | different | dvc.lock records another stages than the revision has |" in markdown


@pytest.mark.parametrize("revision", ["nothing", "HEAD:params.yaml", "HEAD~1"])
def test_a_revision_that_has_no_run_cannot_be_told(
    revision: str, tmp_path: Path, temporary: Path, project_without_a_lock: Repository
) -> None:
    status, markdown, junit = reproduce(project_without_a_lock, tmp_path, "--rev", revision)
    assert status == 2
    assert markdown.startswith("## Reproduction: cannot tell\n")
    (error,) = junit.iter("error")
    assert ("there is no dvc.lock" if revision == "HEAD~1" else revision) in error.attrib["message"]


@pytest.fixture(scope="module")
def project_without_a_lock(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """Return two commits of a project that has never run."""
    project = Repository(tmp_path_factory.mktemp("never_run"))
    project.run("git", "init", "--quiet", "--initial-branch", "main")
    project.set_identity()
    project.run("dvc", "init", "--quiet")
    (project.root / "dvc.yaml").write_text("stages: {}\n")
    project.commit("Start")
    (project.root / "params.yaml").write_text("models: []\n")
    project.commit("More")
    return project


def test_raw_data_that_nothing_tracks_are_linked_and_results_are_not(tmp_path: Path) -> None:
    root = tmp_path / "work/project"
    for path in ("data/raw/clinic/a.jpg", "data/raw/synthetic/b.jpg", "data/raw/notes.txt", "../outside/c.pth"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(path)
    weights, text = "../outside/c.pth", "a/" * 3000
    parameters = {
        "dataset": {"root": "data/raw"},
        "net": {"weights": [weights]},
        "about": [text, "./"],
        "far": "../" * 99,
    }
    (root / "params.yaml").write_text(json.dumps(parameters))
    (root / ".gitignore").write_text("/data/\n/untracked.py\n")
    (root / "untracked.py").touch()
    project = Repository(root)
    project.run("git", "init", "--quiet", "--initial-branch", "main")
    project.set_identity()
    project.run("dvc", "init", "--quiet")
    project.commit("Start")
    stages = {
        "draw": StageRecord(writes={"data/raw/synthetic": "1"}),
        "read": StageRecord(reads={"data/raw": "1"}, writes={"data/table.csv": "1"}),
    }
    commit = project.run("git", "rev-parse", "HEAD").stdout.strip()
    about = Project(root, root, root / ".dvc/cache")
    with open_clone(about, commit) as clone:
        fetch_inputs(clone, about, stages)
        assert (clone / "data/raw/clinic/a.jpg").read_text() == "data/raw/clinic/a.jpg"
        assert (clone / "data/raw/notes.txt").is_symlink()
        assert not (clone / "untracked.py").exists()
        assert not (clone / "data/raw/synthetic").exists()
        assert (clone / weights).read_text() == weights
        assert (clone / weights).resolve() == tmp_path / "work/outside/c.pth"
        assert Path(os.path.normpath(clone / weights)).is_relative_to(Path(*clone.parts[:3]))
    assert not clone.exists()
    assert (root / "data/raw/clinic/a.jpg").is_file()
