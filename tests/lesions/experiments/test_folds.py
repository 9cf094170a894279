"""Which experiments make up a cross-validation. docs/experiments.md runs one."""

import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
from dvc.utils.hydra import apply_overrides
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from lesions.errors import InputError
from lesions.experiments.folds import find_folds, list_settings, order_by_fold, spell_setting
from lesions.experiments.inputs import Inputs
from lesions.experiments.revisions import Experiment
from tests.repository import Repository
from tests.small_project import write_findings

pytestmark = pytest.mark.filterwarnings("ignore:_NoneStep.value:DeprecationWarning")  # of what DVC calls

WORKSPACE = Inputs({"split.num_folds": 5, "split.fold": None, "models": ["a", "b"]})


def fold(name: str, number: int | None, **parameters: Any) -> Experiment:
    inputs = Inputs({"split.num_folds": 3, "split.fold": number, "models": ["a"], **parameters})
    return Experiment(name, name, inputs)


def test_experiments_are_sorted_by_fold() -> None:
    found = order_by_fold([fold("x", 2), fold("y", 0), fold("z", 1)], WORKSPACE)
    assert [experiment.name for experiment in found] == ["y", "z", "x"]


@pytest.mark.parametrize(
    ("experiments", "message"),
    [
        (
            [fold("x", 0)],
            "no experiment tests the fold 1, 2 of 3; run what is missing with `dvc exp run --queue -S 'models=[a]' "
            "-S split.num_folds=3 -S split.fold=1,2` and `dvc exp run --run-all`",
        ),
        ([fold("x", 0), fold("y", 1), fold("z", 1)], "y and z both test fold 1; name the experiments"),
        ([fold("x", 0), fold("y", None)], "y does not test a fold: its split.fold is null or missing"),
    ],
)
def test_experiments_that_are_not_all_folds_are_refused(experiments: list[Experiment], message: str) -> None:
    with pytest.raises(InputError) as raised:
        order_by_fold(experiments, WORKSPACE)
    assert message in str(raised.value)


WORDS = (
    st.text(alphabet="abzAZ09 _-.:,=~$'\\\"#[]{}()äπ/", max_size=12) | st.text(alphabet='a${}"\\', max_size=12)
).filter(lambda text: text == text.strip())
SCALARS = st.none() | st.booleans() | st.integers(-99, 99) | st.floats(-1e6, 1e6) | WORDS
NAMES = st.from_regex(r"[a-z_]{2,8}", fullmatch=True).filter(
    lambda name: name not in {"null", "true", "false", "inf", "nan"}
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3))


@settings(deadline=None, max_examples=200)
@given(VALUES)
@example("${")
@example("a${b}")
@example({"key": ["${oc.env:HOME}"]})
@example("\\\\${\\")
@example("\\'\"${\\${}")
def test_dvc_reads_a_setting_as_it_was(tmp_path_factory: pytest.TempPathFactory, value: object) -> None:
    path = tmp_path_factory.mktemp("settings") / "params.yaml"
    path.write_text("key: before\n")
    apply_overrides(path, [f"key={spell_setting(value)}"])
    assert YAML(typ="safe", pure=True).load(path) == {"key": value}


def test_parameters_that_only_one_side_has_are_set_and_removed() -> None:
    experiment = Inputs({"split.fold": 1, "loss.name": "focal", "loss.gamma": 2.0})
    now = Inputs({"split.fold": None, "loss.name": "cross_entropy", "loss.smoothing": 0.1})
    assert list(list_settings(experiment, now)) == ["+loss.gamma=2.0", "loss.name=focal", "~loss.smoothing"]


@pytest.fixture(scope="module")
def folded(small: Repository, tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A small project with experiments of the folds 0 and 1 of three, which have another learning rate."""
    project = small.copy_all(tmp_path_factory.mktemp("folded") / "project")
    for number in (0, 1):
        settings = ("-S", f"split.fold={number}", "-S", "training.learning_rate=0.2")
        project.dvc("exp", "run", "--temp", "--name", f"fold-{number}", *settings)
    return project


@pytest.fixture
def project(folded: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A copy of that project, which is the current folder."""
    shutil.copytree(folded.root, tmp_path / "copy", symlinks=True)
    monkeypatch.chdir(tmp_path / "copy")
    return Repository(tmp_path / "copy")


def change_code(project: Repository) -> None:
    layers = project.root / "net/layers.py"
    layers.write_text(layers.read_text().replace("0.5", "0.25"))


def run_last_fold(project: Repository) -> None:
    settings = ("-S", "split.fold=2", "-S", "training.learning_rate=0.2")
    project.dvc("exp", "run", "--temp", "--name", "fold-2", *settings)


@pytest.mark.slow
def test_the_advice_for_a_missing_fold_can_be_followed(project: Repository) -> None:
    with pytest.raises(InputError, match="no experiment tests the fold 2 of 3") as raised:
        find_folds([])
    for command in str(raised.value).split("`")[1::2]:
        project.run(*shlex.split(command))
    folds = find_folds([])
    assert [experiment.inputs.parameters["split.fold"] for experiment in folds] == [0, 1, 2]
    printed = project.run("lesions", "folds").stdout
    assert "the experiments differ from the workspace in training.learning_rate (0.2 and 0.1)" in printed
    assert "24 images of 12 groups, each tested by one of 3 folds" in printed


def test_folds_of_two_versions_of_the_code_are_refused(project: Repository) -> None:
    change_code(project)
    run_last_fold(project)
    for names in ([], ["fold-0", "fold-1", "fold-2"]):
        with pytest.raises(InputError, match=r"fold-\d and fold-\d differ in net/layers.py, so they are not folds"):
            find_folds(names)


def test_folds_of_two_versions_of_the_labels_are_refused(project: Repository) -> None:
    write_findings(project.root, mended=True)
    project.dvc("add", "--quiet", "data/raw/clinic")
    run_last_fold(project)
    with pytest.raises(InputError, match=r"fold-\d and fold-\d differ in data/raw/clinic/findings.csv"):
        find_folds([])


def test_old_folds_are_pooled_only_by_name_and_with_a_word(
    project: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    run_last_fold(project)
    change_code(project)
    with pytest.raises(
        InputError, match=r"the experiments differ from the workspace in net/layers.py; run them anew"
    ):
        find_folds([])
    project.commit("Change the code")
    with pytest.raises(InputError, match="no experiment that started from the last commit tests a fold"):
        find_folds([])
    folds = find_folds(["fold-2", "fold-0", "fold-1"])
    assert [experiment.name for experiment in folds] == ["fold-0", "fold-1", "fold-2"]
    assert (
        "differ from the workspace in training.learning_rate (0.2 and 0.1), net/layers.py" in capsys.readouterr().out
    )


def test_a_name_that_is_none_is_refused_as_the_gate_does(project: Repository) -> None:
    assert project.root == Path.cwd()
    with pytest.raises(InputError, match="there is no revision fold-9 in this repository; `git fetch` may fetch it"):
        find_folds(["fold-0", "fold-9"])
