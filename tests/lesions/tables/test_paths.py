"""One place knows the files of a model: it names what dvc.yaml declares."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from lesions.tables.paths import (
    OUTPUT_FOLDERS,
    SYNTHETIC_ROOT,
    ModelPaths,
    describe_overlap,
    find_left_over,
    remove_outputs,
)
from tests.builders import ROOT


def test_every_output_that_dvc_declares_for_a_model_is_known_and_no_other() -> None:
    stages = YAML(typ="safe").load(ROOT / "dvc.yaml")["stages"]
    declared = set()
    for stage in (stage["do"] for stage in stages.values() if "foreach" in stage):
        for kind in ("outs", "metrics", "plots"):
            for entry in stage.get(kind, []):
                declared.add(entry if isinstance(entry, str) else next(iter(entry)))
    assert {name.replace("${item}", "some_model") for name in declared} == {
        path.as_posix() for path in ModelPaths("some_model").list_outputs()
    }


def test_every_output_that_dvc_declares_overlaps_with_a_folder_that_holds_it() -> None:
    stages = YAML(typ="safe").load(ROOT / "dvc.yaml")["stages"]
    for stage in (stage.get("do", stage) for stage in stages.values()):
        for entry in (entry for kind in ("outs", "metrics", "plots") for entry in stage.get(kind, [])):
            output = Path(entry if isinstance(entry, str) else next(iter(entry)))
            known = [SYNTHETIC_ROOT] if output == SYNTHETIC_ROOT else OUTPUT_FOLDERS
            assert describe_overlap(output if output in OUTPUT_FOLDERS else output.parent, known), output


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a project, with links to its outputs; it is the current folder."""
    folder = tmp_path / "project"
    (folder / "data/pictures/resnet18").mkdir(parents=True)
    (tmp_path / "disk/plots").mkdir(parents=True)
    (folder / "plots").symlink_to(tmp_path / "disk/plots")
    (folder / "linked").symlink_to(folder / "data")
    (folder / "loop").symlink_to(folder / "loop")
    (folder / "data/raw/mine").mkdir(parents=True)
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize(
    ("folder", "how"),
    [
        ("data", "contains data/calibrations"),
        ("data/", "contains data/calibrations"),
        ("./data", "contains data/calibrations"),
        ("data/raw/..", "contains data/calibrations"),
        ("PROJECT/data", "contains data/calibrations"),
        ("linked", "contains data/calibrations"),
        (".", "contains data/calibrations"),
        ("", "contains data/calibrations"),
        ("..", "contains data/calibrations"),
        ("/", "contains data/calibrations"),
        ("data/pictures", "is data/pictures"),
        ("linked/pictures/resnet18", "lies in data/pictures"),
        ("metrics", "is metrics"),
        ("metrics/resnet18", "lies in metrics"),
        ("plots", "is plots"),
        ("../disk/plots", "is plots"),
        ("../disk", "contains plots"),
        ("report", "is report"),
        ("data/raw", None),
        ("data/raw/mine", None),
        ("data/clinic", None),
        ("data/pictures_of_mine", None),
        ("PROJECT/../elsewhere", None),
        ("loop", None),
    ],
)
def test_a_folder_overlaps_with_an_output_however_it_is_spelled(project: Path, folder: str, how: str | None) -> None:
    assert describe_overlap(Path(folder.replace("PROJECT", str(project)))) == how


def write_files(root: Path, *names: str) -> ModelPaths:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return ModelPaths("", root / "data", root / "metrics", root / "plots")


def test_an_unlisted_model_is_found_by_any_output_but_pipeline_folders_are_not_models(tmp_path: Path) -> None:
    folders = write_files(
        tmp_path,
        "data/checkpoints/a.safetensors",
        "data/predictions/b.csv",
        "data/predictions/baselines/class_prior.csv",
        "data/pictures/c/mistakes.json",
        "data/pictures/near_duplicates.png",
        "metrics/d/test.json",
        "metrics/data.json",
        "plots/history/e.json",
        "plots/split/shares.json",
        "plots/comparison/roc.json",
        "plots/f/roc.json",
    )
    assert list(find_left_over(["b", "e"], [], folders, exported=[])) == ["a", "c", "d", "f"]


def test_of_a_name_that_changed_its_kind_only_the_outputs_of_the_former_one_are_left_over(tmp_path: Path) -> None:
    folders = write_files(
        tmp_path,
        *("data/logits/a.csv", "data/predictions/a.csv", "metrics/a/train.json", "plots/history/a.json"),
        *("data/ensembles/b.csv", "data/predictions/b.csv", "metrics/b/ensemble.json"),
    )
    left = find_left_over(["b"], ["a"], folders, exported=[])
    assert {name: [path.relative_to(tmp_path).as_posix() for path in left[name]] for name in left} == {
        "a": ["data/logits/a.csv", "plots/history/a.json", "metrics/a/train.json"],
        "b": ["data/ensembles/b.csv", "metrics/b/ensemble.json"],
    }
    assert find_left_over(["a"], ["b"], folders, exported=["a"]) == {}


def test_only_what_the_pipeline_wrote_is_removed(tmp_path: Path) -> None:
    write_files(tmp_path, "metrics/a/test.json", "plots/a/roc.json", "plots/a/mine.png", "metrics/b/test.json")
    paths = ModelPaths("a", tmp_path / "data", tmp_path / "metrics", tmp_path / "plots")
    remove_outputs(paths, find_left_over(["b"], [], paths, exported=[])["a"])
    left = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*"))
    assert left == ["metrics", "metrics/b", "metrics/b/test.json", "plots", "plots/a", "plots/a/mine.png"]
