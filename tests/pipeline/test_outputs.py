"""What the pipeline leaves of a run on the tiny preset agrees with itself and with scikit-learn."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn import metrics

from tests.repository import MODELS, Repository, read_plot_specs


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
def test_the_log_loss_of_validation_is_that_of_images_that_did_not_fit_the_calibration(
    tiny: Repository, model: str
) -> None:
    """That of test is what the table of predictions says."""
    val, test, about = (
        json.loads((tiny.root / f"metrics/{model}/{name}.json").read_text())
        for name in ("val", "test", "calibration")
    )
    crossed = about["val_log_loss_cross_fitted"]
    assert "none" in crossed and about["method"] in crossed
    assert val["log_loss"] == crossed[about["method"]]
    assert about["val_log_loss_before"] == crossed["none"]
    table = pd.read_csv(tiny.root / f"data/predictions/{model}.csv").query("split == 'test'")
    of_truth = [row[f"prob_{row['y_true']}"] for row in table.to_dict("records")]
    assert test["log_loss"] == pytest.approx(-np.log(of_truth).mean(), abs=1e-4)


@pytest.mark.parametrize("model", MODELS)
def test_an_image_is_called_the_class_of_the_highest_raw_logit(tiny: Repository, model: str) -> None:
    logits = pd.read_csv(tiny.root / f"data/logits/{model}.csv").set_index("image_id")
    table = pd.read_csv(tiny.root / f"data/predictions/{model}.csv").set_index("image_id")
    columns = logits.filter(like="logit_").loc[table.index]
    called = columns.columns.str.removeprefix("logit_")[columns.to_numpy().argmax(axis=1)]
    assert table.y_pred.tolist() == called.tolist()


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
    probability = sorted((row[f"prob_{row['y_pred']}"] for row in wrong.to_dict("records")), reverse=True)[:24]
    assert [mistake["probability"] for mistake in shown] == pytest.approx(probability, abs=1e-6)
    metadata = pd.read_csv(tiny.root / "data/metadata.csv").set_index("row")
    pixels = np.load(tiny.root / "data/images.npy")
    for mistake in shown:
        row = wrong.set_index("image_id").loc[metadata.image_id[mistake["row"]]]
        assert (mistake["true"], mistake["predicted"]) == (row.y_true, row.y_pred)
        with Image.open(folder / mistake["picture"]) as picture:
            np.testing.assert_array_equal(np.asarray(picture), pixels[mistake["row"]])
    assert len(list(folder.iterdir())) == len(shown) + 1


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
    assert len(specs) == 1 + 15 * len(MODELS) + 6
    assert "ROC of all models, each diagnosis against the rest" in titles
