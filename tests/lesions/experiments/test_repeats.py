"""Which experiments count as seeds of the workspace. docs/experiments.md trains some."""

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lesions.errors import InputError
from lesions.experiments.repeats import SEED, find_seeds, run_seeds
from lesions.experiments.revisions import open_experiments
from lesions.experiments.tracked import check_tracked
from tests.repository import Repository
from tests.small_project import write_findings

pytestmark = pytest.mark.filterwarnings("ignore:_NoneStep.value:DeprecationWarning")  # of what DVC calls


@pytest.fixture(scope="module")
def repeated(small: Repository, tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A small project with an experiment of each seed: in a folder of its own, queued, in the workspace."""
    project = small.copy_all(tmp_path_factory.mktemp("repeated") / "project")
    project.dvc("exp", "run", "--temp", "--name", "in-a-folder", "-S", f"{SEED}=0")
    project.dvc("exp", "run", "--queue", "--name", "queued", "-S", f"{SEED}=1")
    project.dvc("exp", "run", "--run-all")
    project.dvc("exp", "run", "--name", "in-place", "-S", f"{SEED}=2")
    project.run("git", "checkout", "--quiet", ".")
    project.dvc("checkout", "--quiet")
    return project


@pytest.fixture
def project(repeated: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A copy of that project, which is the current folder."""
    shutil.copytree(repeated.root, tmp_path / "copy", symlinks=True)
    monkeypatch.chdir(tmp_path / "copy")
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    return Repository(tmp_path / "copy")


def replace_in(path: str, old: str, new: str) -> None:
    text = Path(path).read_text()
    assert old in text
    Path(path).write_text(text.replace(old, new))


def find() -> dict[int, str]:
    with open_experiments() as repo:
        found, others = find_seeds(repo, 3)
    print(*others, sep="\n")
    return {seed: experiment.name for seed, experiment in found.items()}


def mend_labels(project: Repository) -> None:
    write_findings(project.root, mended=True)
    project.dvc("add", "--quiet", "data/raw/clinic")


ALL = {0: "in-a-folder", 1: "queued", 2: "in-place"}


def test_an_experiment_counts_however_it_was_run(project: Repository) -> None:
    assert find() == ALL


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        (lambda _: replace_in("net/layers.py", "0.5", "0.25"), "net/layers.py"),
        (lambda _: replace_in("stages/train.py", "% 3", "% 4"), "stages/train.py"),
        (
            lambda _: replace_in("requirements.lock", "yaml==0.18.0", "yaml==0.18.1"),
            r"ruamel-yaml \(0.18.0 and 0.18.1",
        ),
        (
            lambda _: replace_in("dvc.yaml", "stages.train ${item}", "stages.train ${item} fast"),
            "the command of train@small in dvc.yaml",
        ),
        (mend_labels, "data/raw/clinic/findings.csv"),
        (lambda project: write_findings(project.root, mended=True), "data/raw/clinic"),
    ],
    ids=["code", "stage", "package", "command", "labels", "labels-not-added"],
)
def test_an_experiment_from_other_files_does_not_count(
    project: Repository, change: Callable[[Repository], None], difference: str, capsys: pytest.CaptureFixture[str]
) -> None:
    change(project)
    assert find() == {}
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 3
    for line in printed:
        assert f"does not count: it differs from the workspace in {difference}".replace("\\", "") in line


def test_an_edit_counts_before_and_after_it_is_committed(project: Repository) -> None:
    replace_in("net/layers.py", "0.5", "0.25")
    project.dvc("repro", "--quiet")
    assert find() == {}
    replace_in("net/layers.py", "0.25", "0.5")
    assert find() == ALL
    project.commit("Commit nothing but a lock")
    assert find() == {}  # they began at another commit


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("learning_rate: 0.1", "learning_rate: 0.2", {}),
        ("seed: 0, learning", "seed: 5, learning", ALL),
        ("floor: 0.5", "floor: 0.6", ALL),
    ],
)
def test_parameters_count_that_predictions_depend_on(
    project: Repository, old: str, new: str, found: dict[int, str]
) -> None:
    replace_in("params.yaml", old, new)
    assert find() == found


def test_an_edit_that_no_prediction_depends_on_does_not_count(project: Repository) -> None:
    replace_in("stages/report.py", "page", "another page")
    assert find() == ALL


def test_an_experiment_of_which_a_part_ran_does_not_count(
    project: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    project.dvc("exp", "remove", "in-place")
    project.dvc("exp", "run", "--name", "partial", "-S", f"{SEED}=2", "resolve_recipes")
    project.run("git", "checkout", "--quiet", ".")
    assert find() == {0: "in-a-folder", 1: "queued"}
    assert (
        "partial was not run to its end: train@small read another data/recipes/small.json" in capsys.readouterr().out
    )


@pytest.mark.slow
def test_a_change_trains_all_seeds_anew_and_once(project: Repository, capfd: pytest.CaptureFixture[str]) -> None:
    replace_in("net/layers.py", "0.5", "0.25")
    first = run_seeds(2)
    assert "training the seeds 0, 1; 0 exist already" in capfd.readouterr().out
    assert not {experiment.name for experiment in first.values()} & {*ALL.values()}
    again = run_seeds(2)
    assert "training" not in capfd.readouterr().out
    assert again == first
    assert len(run_seeds(3)) == 3
    assert "training the seeds 2; 2 exist already" in capfd.readouterr().out


def use_untracked_module(_: Repository) -> None:
    Path("net/extra.py").write_text("BIAS = 0.5\n")
    replace_in("net/layers.py", "import ruamel.yaml\n", "import ruamel.yaml\nfrom net.extra import BIAS\n")


def use_untracked_data(_: Repository) -> None:
    replace_in("params.yaml", "data/raw/clinic", "data/raw/other")
    shutil.copytree("data/raw/clinic", "data/raw/other")


def use_data_outside(_: Repository) -> None:
    replace_in("params.yaml", "data/raw/clinic", "../other")
    shutil.copytree("data/raw/clinic", "../other")


def use_data_that_git_does_not_know_of(project: Repository) -> None:
    use_untracked_data(project)
    project.dvc("add", "--quiet", "data/raw/other")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            use_untracked_module,
            "git does not track net/extra.py, so that an experiment in a folder of its own lacks it",
        ),
        (use_untracked_data, "git does not track data/raw/other/findings.csv"),
        (use_data_that_git_does_not_know_of, "git does not track data/raw/other.dvc"),
        (use_data_outside, r"\.\./other: is outside the git repository; .* needs an absolute path"),
        (lambda project: write_findings(project.root, mended=True), "data/raw/clinic: is modified, .* `dvc add data"),
        (
            lambda _: shutil.rmtree("data/raw/clinic"),
            "data/raw/clinic: is deleted, .* `dvc checkout data/raw/clinic`",
        ),
    ],
)
def test_what_an_experiment_would_not_see_is_refused_before_it_runs(
    project: Repository, change: Callable[[Repository], None], message: str
) -> None:
    change(project)
    with pytest.raises(InputError, match=message), open_experiments() as repo:
        check_tracked(repo)


@pytest.mark.slow
def test_added_code_and_data_outside_the_repository_are_seen(project: Repository) -> None:
    use_untracked_module(project)
    project.run("git", "add", "net/extra.py")
    data = project.root.parent / "other"
    shutil.copytree("data/raw/clinic", data)
    replace_in("params.yaml", "data/raw/clinic", str(data))
    experiments = run_seeds(2)
    assert list(experiments[0].inputs.data) == [str(data)]
    write_findings(project.root, mended=True)
    shutil.copytree("data/raw/clinic", data, dirs_exist_ok=True)
    assert find() == {}


def test_an_experiment_whose_files_are_gone_does_not_count(
    project: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(".dvc/cache")
    assert find() == {}
    assert "is not in DVC's cache; `dvc pull` may fetch it" in capsys.readouterr().out
