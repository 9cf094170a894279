"""The DAG in real DVC, on the tiny preset, in a copy of the repository."""

import base64
import json
import re
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from ruamel.yaml import YAML
from safetensors import safe_open
from sklearn import metrics

from tests.builders import ROOT
from tests.repository import Repository, copy_repository, read_plot_specs, stages_run

MODELS = ("custom_cnn", "resnet18")
TABLE_STAGES = [
    "cache_images",
    "compute_class_weights",
    "find_near_duplicates",
    "generate_synthetic",
    "prepare_metadata",
    "split_by_patient",
    "trace_code",
]

SCORING_STAGES = ("evaluate", "evaluate_malignancy", "evaluate_subgroups")

# What runs whenever a prediction may have changed.
COMPARED = ["compare", "report"]


def train_and_score(model: str) -> list[str]:
    """The stages that run when a network has to be trained."""
    return [f"{verb}@{model}" for verb in ("train", *SCORING_STAGES)]


def test_a_second_repro_has_nothing_to_do_and_git_is_clean(tiny: Repository) -> None:
    output = tiny.dvc("repro")
    assert stages_run(output) == []
    assert "Data and pipelines are up to date." in output
    assert tiny.run("git", "status", "--porcelain").stdout == ""


def test_a_forced_repro_repeats_every_byte_that_git_tracks(fresh: Repository) -> None:
    before = fresh.tracked_outputs()
    assert len(before) > 15
    output = fresh.dvc("repro", "--force")
    of_models = [f"{verb}@{m}" for verb in ("train", *SCORING_STAGES) for m in MODELS]
    assert stages_run(output) == sorted([*TABLE_STAGES, "fit_baselines", "fit_probes", *of_models, *COMPARED])
    assert fresh.tracked_outputs() == before
    assert fresh.run("git", "status", "--porcelain").stdout == ""


def test_one_models_learning_rate_arrives_as_a_number_and_reruns_that_model_alone(fresh: Repository) -> None:
    output = fresh.dvc("exp", "run", "--set-param", "architectures.resnet18.learning_rate=1e-5")
    assert stages_run(output) == sorted(["fit_baselines", *train_and_score("resnet18"), *COMPARED])
    rate = YAML(typ="safe", pure=True).load(fresh.root / "params.yaml")["architectures"]["resnet18"]["learning_rate"]
    assert rate == 1e-5
    with safe_open(fresh.root / "data/checkpoints/resnet18.safetensors", framework="np") as checkpoint:
        about = json.loads(checkpoint.metadata()["lesions"])
    assert about["architecture"]["learning_rate"] == 1e-5


def test_a_model_is_the_only_one_trained_when_added_and_leaves_nothing_when_taken_off(fresh: Repository) -> None:
    def everything() -> dict[str, bytes]:
        folders = (
            "data/calibrations",
            "data/checkpoints",
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
    assert stages_run(output) == sorted(["fit_baselines", *train_and_score("resnet34"), *COMPARED])
    added = everything()
    of_resnet18 = {name for name in before if "resnet18" in name and "pictures" not in name}
    assert {name.replace("resnet18", "resnet34") for name in of_resnet18} < added.keys()
    assert "metrics/resnet34/test.json" in json.loads(fresh.dvc("metrics", "show", "--json"))[""]["data"]
    assert "resnet34" in fresh.dvc("exp", "show", "--csv", "--only-changed")
    for name in ("plots/comparison/roc.json", "report/index.html"):
        assert "resnet34" in added[name].decode()

    (fresh.root / "params.yaml").write_bytes(params)
    assert "removed the files of resnet34, which is not in models of params.yaml" in fresh.dvc("repro")
    assert everything() == before
    assert stages_run(fresh.dvc("repro")) == []


@pytest.mark.parametrize(
    ("section", "rerun"),
    [
        ("class_weights.scheme=sqrt", ["compute_class_weights", *train_and_score("custom_cnn")]),
        ("augmentation.rotation_degrees=90", train_and_score("custom_cnn")),
        ("dataset.max_rejected_fraction=0.5", ["prepare_metadata"]),
        ("evaluation.sensitivity=0.8", ["evaluate_malignancy@custom_cnn"]),
    ],
)
def test_a_parameter_reruns_what_hangs_on_it(fresh: Repository, section: str, rerun: list[str]) -> None:
    output = fresh.dvc("exp", "run", "--set-param", section, "--set-param", "models=[custom_cnn]")
    # The shorter list of models brings these too, or DVC takes them from an earlier run.
    assert sorted({*stages_run(output)} - {"fit_baselines", "fit_probes", *COMPARED}) == sorted(rerun)


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


def test_a_mistake_in_a_parameter_stops_before_anything_is_lost(fresh: Repository) -> None:
    done = fresh.run("dvc", "exp", "run", "--set-param", "split.shares.train=0.9", check=False)
    assert done.returncode != 0
    assert "error: params.yaml: split.shares: train, val and test must sum to 1, got 1.2" in done.stdout
    fresh.run("git", "checkout", "--", "params.yaml", "metrics", "plots")
    fresh.dvc("checkout")
    assert stages_run(fresh.dvc("repro")) == []


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("split", ["val", "test"])
def test_metrics_are_scikit_learns_of_the_prediction_table(tiny: Repository, model: str, split: str) -> None:
    table = pd.read_csv(tiny.root / f"data/predictions/{model}.csv")
    table = table[table.split == split]
    found = json.loads((tiny.root / f"metrics/{model}/{split}.json").read_text())
    probabilities = table.filter(like="prob_")
    expected = {
        "accuracy": metrics.accuracy_score(table.y_true, table.y_pred),
        "balanced_accuracy": metrics.balanced_accuracy_score(table.y_true, table.y_pred),
        "macro_f1": metrics.f1_score(table.y_true, table.y_pred, average="macro", labels=sorted(set(table.y_true))),
        "weighted_f1": metrics.f1_score(table.y_true, table.y_pred, average="weighted"),
        "macro_roc_auc": metrics.roc_auc_score(
            table.y_true, probabilities / probabilities.sum(axis=1).to_numpy()[:, None], multi_class="ovr"
        ),
        "num_images": len(table),
        "num_groups": table.group_id.nunique(),
        "num_undefined_classes": 0,
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("model", MODELS)
def test_calibration_makes_validation_likelier_and_is_what_the_table_holds(tiny: Repository, model: str) -> None:
    val = json.loads((tiny.root / f"metrics/{model}/val.json").read_text())
    before = json.loads((tiny.root / f"metrics/{model}/before_calibration.json").read_text())
    assert val["log_loss"] < before["val_log_loss"]
    assert val["brier_score"] != before["val_brier_score"]
    table = pd.read_csv(tiny.root / f"data/predictions/{model}.csv").query("split == 'val'")
    of_truth = [row[f"prob_{row['y_true']}"] for row in table.to_dict("records")]
    assert val["log_loss"] == pytest.approx(-np.log(of_truth).mean(), abs=1e-4)


@pytest.mark.parametrize("model", MODELS)
def test_the_kept_epoch_scores_in_evaluation_what_it_scored_in_training(tiny: Repository, model: str) -> None:
    trained = json.loads((tiny.root / f"metrics/{model}/train.json").read_text())
    evaluated = json.loads((tiny.root / f"metrics/{model}/val.json").read_text())
    for name in ("balanced_accuracy", "macro_f1"):
        assert trained[f"val_{name}"] == evaluated[name]


def test_no_group_is_on_two_sides_and_no_training_image_is_scored(tiny: Repository) -> None:
    splits = pd.read_csv(tiny.root / "data/splits.csv")
    metadata = pd.read_csv(tiny.root / "data/metadata.csv").merge(splits, on="image_id")
    for identifier in ("patient_id", "lesion_id", "group_id"):
        assert metadata.groupby(identifier).split.nunique().max() == 1
    scored = pd.read_csv(tiny.root / "data/predictions/resnet18.csv")
    assert set(scored.split) == {"val", "test"}
    assert set(scored.image_id) == set(splits[splits.split != "train"].image_id)


def test_confusion_adds_up_to_the_test_images(tiny: Repository) -> None:
    confusion = pd.read_json(tiny.root / "plots/custom_cnn/confusion.json")
    table = pd.read_csv(tiny.root / "data/predictions/custom_cnn.csv").query("split == 'test'")
    assert confusion.num_images.sum() == len(table)
    hits = confusion[confusion.true == confusion.predicted].num_images.sum()
    assert hits == (table.y_true == table.y_pred).sum()
    shares = confusion.groupby("true").share.sum()
    np.testing.assert_allclose(shares, 1, atol=1e-5)


def test_pictures_are_drawn(tiny: Repository) -> None:
    with Image.open(tiny.root / "plots/split/distribution.png") as picture:
        assert min(picture.size) > 300
        assert len(set(picture.convert("L").resize((64, 64)).tobytes())) > 10


@pytest.mark.parametrize("model", MODELS)
def test_the_worst_mistakes_are_shown_by_their_row(tiny: Repository, model: str) -> None:
    folder = tiny.root / f"data/pictures/{model}"
    shown = json.loads((folder / "mistakes.json").read_text())
    table = pd.read_csv(tiny.root / f"data/predictions/{model}.csv").query("split == 'test'")
    wrong = table[table.y_true != table.y_pred]
    probability = wrong.filter(like="prob_").max(axis=1).sort_values(ascending=False)[:12]
    assert [mistake["probability"] for mistake in shown] == pytest.approx(probability.tolist(), abs=1e-6)
    metadata = pd.read_csv(tiny.root / "data/metadata.csv").set_index("row")
    pixels = np.load(tiny.root / "data/images.npy")
    for mistake in shown:
        row = wrong.set_index("image_id").loc[metadata.image_id[mistake["row"]]]
        assert (mistake["true"], mistake["predicted"]) == (row.y_true, row.y_pred)
        with Image.open(folder / mistake["picture"]) as picture:
            np.testing.assert_array_equal(np.asarray(picture), pixels[mistake["row"]])
    assert len(list(folder.iterdir())) == len(shown) + 1


def test_no_patient_is_named_outside_data(tiny: Repository) -> None:
    patients = pd.read_csv(tiny.root / "data/metadata.csv").patient_id.unique()
    lesions = pd.read_csv(tiny.root / "data/metadata.csv").lesion_id.unique()
    public = b"".join(tiny.tracked_outputs().values())
    public += b"".join(path.read_bytes() for path in (tiny.root / "data/checkpoints").iterdir())
    assert not [name for name in (*patients, *lesions) if name.encode() in public]


def test_the_report_names_no_patient_lesion_group_or_image(tiny: Repository) -> None:
    table = pd.read_csv(tiny.root / "data/metadata.csv").merge(pd.read_csv(tiny.root / "data/splits.csv"))
    page = (tiny.root / "report/index.html").read_text(encoding="utf-8")
    embedded = re.findall(r"data:(image/[a-z+]+);base64,([A-Za-z0-9+/=]+)", page)
    assert {kind for kind, _ in embedded} == {"image/svg+xml", "image/png"}
    drawings = [base64.b64decode(content).decode() for kind, content in embedded if kind == "image/svg+xml"]
    assert any("melanoma" in drawing for drawing in drawings)
    words = "\n".join([re.sub(r"base64,[A-Za-z0-9+/=]+", "", page), *drawings])
    for identifier in ("patient_id", "lesion_id", "group_id", "image_id", "file"):
        assert not [name for name in table[identifier].unique() if name in words], identifier


def test_plots_are_drawn_by_our_templates(tiny: Repository, tmp_path: Path) -> None:
    tiny.dvc("plots", "show", "--out", str(tmp_path / "plots"))
    page = (tmp_path / "plots/index.html").read_text()
    assert "<DVC_METRIC" not in page
    specs = read_plot_specs(page)
    titles = {spec["title"] for spec in specs}
    assert {
        "Share of each diagnosis in each split",
        "Training of resnet18",
        "Confusion of custom_cnn on test images",
    } < titles
    assert all(spec["data"]["values"] for spec in specs)
    assert len(specs) == 1 + 10 * len(MODELS) + 6
    assert "ROC of all models, each diagnosis against the rest" in titles


def test_every_model_listed_in_the_lock_was_trained_from_these_data(tiny: Repository) -> None:
    lock = YAML(typ="safe").load(tiny.root / "dvc.lock")["stages"]
    of_models = [f"{verb}@{m}" for verb in ("train", *SCORING_STAGES) for m in MODELS]
    assert sorted(lock) == sorted([*TABLE_STAGES, "fit_baselines", "fit_probes", *of_models, *COMPARED])
    assert str(tiny.root) not in (tiny.root / "dvc.lock").read_text()


def test_the_committed_lock_is_of_the_committed_code_and_parameters(tmp_path: Path) -> None:
    clone = Repository(tmp_path / "clone")
    subprocess.run(["git", "clone", "--quiet", "--depth", "1", f"file://{ROOT}", clone.root], check=True)
    assert stages_run(clone.dvc("repro", "--dry", "--allow-missing")) == []


def test_a_broken_dataset_stops_with_its_reason(tmp_path: Path) -> None:
    repository = copy_repository(tmp_path)
    images = repository.root / "data/raw/own/HAM10000_images_part_1"
    images.mkdir(parents=True)
    Image.new("RGB", (50, 40)).save(images / "one.jpg")
    (images / "two.jpg").write_bytes((images / "one.jpg").read_bytes()[:-20])
    rows = ["lesion_id,image_id,dx,dx_type,age,sex,localization"]
    rows += [f"l{n},{name},mel,histo,40,male,back" for n, name in enumerate(["one", "two"])]
    (images.parent / "HAM10000_metadata.csv").write_text("\n".join(rows))
    repository.run("lesions", "preset", "ham10000", "--root", "data/raw/own")
    done = repository.run("dvc", "repro", "prepare_metadata", check=False)
    assert done.returncode != 0
    assert "HAM10000_metadata.csv: 1 of 2 rows refused, dataset.max_rejected_fraction is 0.01:" in done.stdout
    assert "1 × file: broken image: image file is truncated" in done.stdout
    assert "two" in (repository.root / "data/rejected.csv").read_text()


def test_data_of_ones_own_can_be_added_to_dvc(tmp_path: Path) -> None:
    repository = copy_repository(tmp_path)
    folder = repository.root / "data/raw/own"
    folder.mkdir(parents=True)
    (folder / "a.txt").write_text("data")
    repository.dvc("add", "data/raw/own")
    listed = repository.run("git", "status", "--porcelain", "--untracked-files=all").stdout
    assert "data/raw/own.dvc" in listed
    assert "a.txt" not in listed
