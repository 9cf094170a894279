"""DVC reruns what a change reaches, and nothing else."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from ruamel.yaml import YAML
from safetensors import safe_open

from lesions.parameters.overlay import lay_over
from lesions.parameters.presets import read_preset
from tests.builders import ROOT
from tests.repository import MODELS, Repository, stages_run

TABLE_STAGES = [
    "cache_images",
    "compute_class_weights",
    "find_near_duplicates",
    "generate_synthetic",
    "list_models",
    "prepare_metadata",
    "resolve_recipes",
    "split_by_patient",
    "trace_code",
]

SCORING_STAGES = (
    *("evaluate", "evaluate_malignancy", "evaluate_robustness", "evaluate_subgroups"),
    *("explain", "predict"),
)

# What runs whenever a prediction may have changed.
COMPARED = ["compare", "report"]


# What runs when a model is added to the list, beside its own stages.
ADDING = ["fit_baselines", "list_models", "resolve_recipes", "trace_code"]


def train_and_score(model: str) -> list[str]:
    """The stages that run when a network has to be trained."""
    return [f"{verb}@{model}" for verb in ("train", *SCORING_STAGES)]


def test_a_second_repro_has_nothing_to_do_and_git_is_clean(tiny: Repository) -> None:
    output = tiny.dvc("repro")
    assert stages_run(output) == []
    assert "Data and pipelines are up to date." in output
    assert tiny.run("git", "status", "--porcelain").stdout == ""


@pytest.mark.slow
def test_a_forced_repro_repeats_every_byte_that_git_tracks(fresh: Repository) -> None:
    before = fresh.tracked_outputs()
    assert len(before) > 15
    output = fresh.dvc("repro", "--force")
    of_models = [f"{verb}@{m}" for verb in ("pretrain", "train", *SCORING_STAGES) for m in MODELS]
    assert stages_run(output) == sorted([*TABLE_STAGES, "fit_baselines", "fit_probes", *of_models, *COMPARED])
    assert fresh.tracked_outputs() == before
    assert fresh.run("git", "status", "--porcelain").stdout == ""


@pytest.mark.slow
def test_a_model_is_the_only_one_trained_when_added_and_leaves_nothing_when_taken_off(fresh: Repository) -> None:
    def everything() -> dict[str, bytes]:
        folders = (
            "data/calibrations",
            "data/checkpoints",
            "data/logits",
            "data/recipes",
            "data/pictures",
            "data/predictions",
            "metrics",
            "plots",
            "report",
        )
        files = [file for folder in folders for file in (fresh.root / folder).rglob("*") if file.is_file()]
        return {str(file.relative_to(fresh.root)): file.read_bytes() for file in files}

    before = everything()
    params = (fresh.root / "params.yaml").read_bytes()
    output = fresh.dvc("exp", "run", "--set-param", "models=[custom_cnn,resnet18,resnet34]")
    assert stages_run(output) == sorted([*ADDING, "pretrain@resnet34", *train_and_score("resnet34"), *COMPARED])
    added = everything()
    of_resnet18 = {name for name in before if "resnet18" in name and "pictures" not in name}
    assert {name.replace("resnet18", "resnet34") for name in of_resnet18} < added.keys()
    assert "metrics/resnet34/test.json" in json.loads(fresh.dvc("metrics", "show", "--json"))[""]["data"]
    assert "resnet34" in fresh.dvc("exp", "show", "--csv", "--only-changed")
    for name in ("plots/comparison/roc.json", "report/index.html"):
        assert "resnet34" in added[name].decode()

    (fresh.root / "params.yaml").write_bytes(params)
    assert "removed the files of resnet34, which is not in models or ensembles of params.yaml" in fresh.dvc("repro")
    assert everything() == before
    assert stages_run(fresh.dvc("repro")) == []
    # Once more: DVC has the shorter list in its run cache by now.
    added_again = params.replace(b"models: [custom_cnn, resnet18]", b"models: [custom_cnn, resnet18, resnet34]")
    (fresh.root / "params.yaml").write_bytes(added_again)
    assert "is cached - skipping run" in fresh.dvc("repro", "list_models", "evaluate@resnet34")
    (fresh.root / "params.yaml").write_bytes(params)
    assert "removed the files of resnet34" in fresh.dvc("repro", "list_models", "resolve_recipes")
    assert everything() == before


@pytest.mark.slow
def test_a_published_system_that_is_added_is_trained_alone_and_stands_in_the_comparison(fresh: Repository) -> None:
    system = read_preset(ROOT / "presets/published/nine_classes.yaml").overlay["architectures"]["plain_cnn"]
    small = system | {"size_px": 32, "phases": [system["phases"][0] | {"num_epochs": 1}]}
    lay_over(fresh.root / "params.yaml", {"architectures": {"plain_cnn": small}, "models": [*MODELS, "plain_cnn"]})
    assert "train@plain_cnn" in fresh.dvc("status")
    output = fresh.dvc("repro")
    assert stages_run(output) == sorted([*ADDING, "pretrain@plain_cnn", *train_and_score("plain_cnn"), *COMPARED])
    assert "plain_cnn overrides augmentation." in output
    assert {*MODELS, "plain_cnn"} < set(pd.read_json(fresh.root / "plots/comparison/scores.json").model)
    with safe_open(fresh.root / "data/checkpoints/plain_cnn.safetensors", framework="np") as checkpoint:
        about = json.loads(checkpoint.metadata()["lesions"])
    assert (about["mean"], about["std"]) == ([0, 0, 0], [1, 1, 1])
    assert fresh.dvc("status").strip() == "Data and pipelines are up to date."


CHANGED: dict[str, dict[str, Any]] = {
    "dataset": {"max_rejected_fraction": 0.5},
    "class_weights": {"scheme": "sqrt"},
    "augmentation": {"rotation_degrees": 90},
    "hardware": {"execution": "eager"},
    "evaluation": {"calibration": "vector", "num_views": 8, "sensitivity": 0.8},
}


def test_dvc_knows_which_stages_depend_on_a_parameter(fresh: Repository) -> None:
    lay_over(fresh.root / "params.yaml", CHANGED)
    changed = json.loads(fresh.dvc("status", "--json"))
    found = {stage: sorted(reasons[0]["changed deps"]["params.yaml"]) for stage, reasons in changed.items()}
    of_models = {
        "train": ["hardware"],
        "predict": ["evaluation.num_views"],
        "evaluate": ["evaluation.calibration", "evaluation.num_views"],
        "evaluate_malignancy": ["evaluation.sensitivity"],
    }
    assert found == {
        "prepare_metadata": ["dataset"],
        "compute_class_weights": ["class_weights"],
        "report": sorted("modified"),  # the page names every parameter that differs from the defaults
        "resolve_recipes": ["augmentation"],
        **{f"{verb}@{model}": names for verb, names in of_models.items() for model in MODELS},
    }


def test_a_stage_that_writes_what_it_wrote_before_reruns_no_other(fresh: Repository) -> None:
    """Of these parameters, only the calibration changes what a stage writes."""
    changed = {
        "dataset": {"max_rejected_fraction": 0.5},
        "hardware": {"execution": "eager"},
        "evaluation": {"calibration": "vector"},
    }
    lay_over(fresh.root / "params.yaml", changed)
    output = fresh.dvc("repro", "evaluate_malignancy@custom_cnn", "evaluate_subgroups@custom_cnn")
    scoring = [f"{verb}@custom_cnn" for verb in ("evaluate", "evaluate_malignancy", "evaluate_subgroups")]
    assert stages_run(output) == sorted(["prepare_metadata", "train@custom_cnn", *scoring])


@pytest.mark.slow
def test_a_models_own_learning_rate_and_recipe_rerun_that_model_alone(fresh: Repository) -> None:
    """A changed shared section retrains only the models whose recipe it changes."""
    loss, schedule = "{kind: focal, focal_gamma: 2, label_smoothing: 0}", "{name: constant, warmup_fraction: null}"
    recipe = f"+architectures.resnet18.recipe={{loss: {loss}, schedule: {schedule}}}"
    settings = ("--set-param", recipe, "--set-param", "architectures.resnet18.learning_rate=1e-5")
    output = fresh.dvc("exp", "run", *settings)
    assert "resnet18 overrides loss.kind, loss.focal_gamma, loss.label_smoothing, schedule.name, sche" in output
    assert stages_run(output) == sorted(
        ["fit_baselines", "resolve_recipes", "trace_code", *train_and_score("resnet18"), *COMPARED]
    )
    with safe_open(fresh.root / "data/checkpoints/resnet18.safetensors", framework="np") as checkpoint:
        about = json.loads(checkpoint.metadata()["lesions"])
    assert about["architecture"]["learning_rate"] == 1e-5
    scores = pd.read_json(fresh.root / "plots/comparison/scores.json")
    assert {"custom_cnn", "resnet18"} < set(scores.model)
    recipes = {model: json.loads((fresh.root / f"data/recipes/{model}.json").read_text()) for model in MODELS}
    assert [recipes[model]["loss"]["kind"] for model in MODELS] == ["cross_entropy", "focal"]
    assert [recipes[model]["schedule"]["name"] for model in MODELS] == ["cosine", "constant"]

    lay_over(fresh.root / "params.yaml", {"loss": {"label_smoothing": 0.1}})
    output = fresh.dvc("repro", "train@custom_cnn", "train@resnet18")
    assert stages_run(output) == ["resolve_recipes", "train@custom_cnn"]


@pytest.mark.slow
def test_two_classes_are_a_task_like_any_other(fresh: Repository) -> None:
    """The split stays as it is; everything after it works on the two classes."""
    # The metadata are read anew, for the task says which external images serve, and are the same.
    output = fresh.dvc("exp", "run", "--set-param", "task.name=malignancy", "--set-param", "models=[custom_cnn]")
    assert not {"split_by_patient", "find_near_duplicates"} & set(stages_run(output))
    table = pd.read_csv(fresh.root / "data/predictions/custom_cnn.csv").query("split == 'test'")
    diagnoses = pd.read_csv(fresh.root / "data/metadata.csv").set_index("image_id").diagnosis[table.image_id]
    malignant = ["actinic_keratosis", "basal_cell_carcinoma", "melanoma", "squamous_cell_carcinoma"]
    truth = diagnoses.isin(malignant).to_numpy()
    assert (table.y_true == "malignant").tolist() == truth.tolist()
    found = json.loads((fresh.root / "metrics/custom_cnn/malignancy.json").read_text())
    called = (table.prob_malignant >= found["threshold"] - 1e-6).to_numpy()
    assert found["sensitivity"] == pytest.approx(called[truth].mean(), abs=1e-6)
    assert found["specificity"] == pytest.approx((~called)[~truth].mean(), abs=1e-6)
    assert "malignant" in (fresh.root / "report/index.html").read_text()


@pytest.mark.slow
def test_a_mistake_in_a_parameter_stops_before_anything_is_lost(fresh: Repository) -> None:
    done = fresh.run("dvc", "exp", "run", "--set-param", "split.shares.train=0.9", check=False)
    assert done.returncode != 0
    assert "error: params.yaml: split.shares: train, val and test must sum to 1, got 1.2" in done.stdout
    fresh.run("git", "checkout", "--", "params.yaml", "metrics", "plots")
    fresh.dvc("checkout")
    assert "Data and pipelines are up to date." in fresh.dvc("status")
    done = fresh.run("dvc", "exp", "run", "--set-param", "+training.device=cpu", check=False)
    assert done.returncode != 0
    assert "error: params.yaml: training.device is now hardware.device" in done.stdout


def test_every_model_listed_in_the_lock_was_trained_from_these_data(tiny: Repository) -> None:
    lock = YAML(typ="safe").load(tiny.root / "dvc.lock")["stages"]
    of_models = [f"{verb}@{m}" for verb in ("pretrain", "train", *SCORING_STAGES) for m in MODELS]
    assert sorted(lock) == sorted([*TABLE_STAGES, "fit_baselines", "fit_probes", *of_models, *COMPARED])
    assert str(tiny.root) not in (tiny.root / "dvc.lock").read_text()


def test_the_committed_lock_is_of_the_committed_code_and_parameters(tmp_path: Path) -> None:
    clone = Repository(tmp_path / "clone")
    subprocess.run(["git", "clone", "--quiet", "--depth", "1", f"file://{ROOT}", clone.root], check=True)
    assert stages_run(clone.dvc("repro", "--dry", "--allow-missing")) == []
