"""One place knows the files of a model: it names what dvc.yaml declares."""

from pathlib import Path

from ruamel.yaml import YAML

from lesions.tables.paths import ModelPaths, find_unlisted, remove_outputs
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
    assert find_unlisted(["b", "e"], folders) == ["a", "c", "d", "f"]


def test_only_what_the_pipeline_wrote_is_removed(tmp_path: Path) -> None:
    write_files(tmp_path, "metrics/a/test.json", "plots/a/roc.json", "plots/a/mine.png", "metrics/b/test.json")
    remove_outputs(ModelPaths("a", tmp_path / "data", tmp_path / "metrics", tmp_path / "plots"))
    left = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*"))
    assert left == ["metrics", "metrics/b", "metrics/b/test.json", "plots", "plots/a", "plots/a/mine.png"]
