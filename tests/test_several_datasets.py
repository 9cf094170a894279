"""Test of two datasets, one of them only scored, from the image files to the row of the report."""

import json
import shutil
from pathlib import Path

import pandas as pd

from lesions.parameters.overlay import lay_over
from lesions.report.inputs import read_external
from lesions.report.tables import list_external
from lesions.stage.code import Code, write_code
from lesions.training.recipe import resolve_recipe, write_recipe
from stages import (
    cache_images,
    compute_class_weights,
    evaluate,
    find_near_duplicates,
    predict,
    prepare_metadata,
    split_by_patient,
    train,
)
from tests.repository import Repository

WORDS = {"bkl": "seborrheic keratosis", "mel": "Melanoma", "nv": "Mole"}


def write_two_datasets(synthetic: Path, root: Path) -> str:
    """Write the images of 25 embedded patients into one folder per diagnosis, and the others in HAM10000's layout.

    One image of the other patients is written into the folders as well; return its `image_id` there.
    """
    table = pd.read_csv(synthetic / "HAM10000_metadata.csv", dtype=str, keep_default_na=False)
    files = {path.stem: path for path in synthetic.rglob("*.jpg")}
    # Only patients with frequent diagnoses, because each other diagnosis needs three patients in HAM10000's layout.
    is_frequent = table.dx.isin(WORDS).groupby(table.patient_id).transform("all")
    goes = table.patient_id.isin(table.patient_id[is_frequent].unique()[:25])
    stays = table[~goes]
    copied = stays[stays.dx == "nv"].iloc[0]
    both = pd.concat([table[goes], copied.to_frame().T])
    for image_id, dx in zip(both.image_id, both.dx, strict=True):
        folder = root / "image_folder" / WORDS[dx]
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(files[image_id], folder)
    (root / "ham10000").mkdir()
    for image_id in stays.image_id:
        shutil.copy(files[image_id], root / "ham10000")
    stays.to_csv(root / "ham10000/HAM10000_metadata.csv", index=False)
    return f"image_folder/{WORDS[copied.dx]}/{copied.image_id}"


def test_an_external_dataset_is_scored_and_never_trained_on(tiny: Repository, tmp_path: Path) -> None:
    copied = write_two_datasets(tiny.root / "data/raw/synthetic", tmp_path)
    params = tmp_path / "params.yaml"
    shutil.copy(tiny.root / "params.yaml", params)
    overlay = {
        "dataset": {
            "names": ["ham10000"],
            "external": ["image_folder"],
            "root": str(tmp_path),
            "words": {"diagnosis": {"mole": "nevus"}},
        },
        "split": {"max_share_deviation": 1.0},
    }
    lay_over(params, overlay)
    data, metrics = tmp_path / "data", tmp_path / "metrics"
    images, index, metadata, splits = (
        data / f"{name}" for name in ("images.npy", "images.csv", "metadata.csv", "splits.csv")
    )
    pairs, weights, checkpoint = data / "pairs.csv", data / "classes.json", data / "custom_cnn.safetensors"
    cache_images.main(images, index, params)
    prepare_metadata.main(index, metadata, data / "rejected.csv", metrics / "data.json", params)
    find_near_duplicates.main(images, metadata, pairs, metrics / "pairs.json", data / "pairs.png", params)
    split_by_patient.main(
        metadata, pairs, splits, metrics / "split.json", data / "shares.json", data / "characteristics.json", params
    )
    compute_class_weights.main(metadata, splits, weights, data / "distribution.png", params)
    write_code(data / "code.json", Code({}, {}))
    write_recipe(data / "recipe.json", resolve_recipe(params, "custom_cnn"))
    train.main(
        code=data / "code.json",
        model="custom_cnn",
        recipe=data / "recipe.json",
        images=images,
        metadata=metadata,
        splits=splits,
        classes=weights,
        pretrained=data / "pretrained",
        checkpoint=checkpoint,
        metrics=metrics / "train.json",
        history=data / "history.json",
        machine=metrics / "machine.json",
        params=params,
    )
    logits = data / "logits.csv"
    predict.main("custom_cnn", checkpoint, images, metadata, splits, weights, logits, params)
    recipe = data / "recipe.json"
    evaluate.main("custom_cnn", logits, recipe, weights, images, metadata, data, metrics, tmp_path / "plots", params)
    split_of = pd.read_csv(splits).set_index("image_id").split
    assert split_of[copied] == "dropped"
    is_folder = split_of.index.str.startswith("image_folder/")
    assert set(split_of[is_folder]) == {"dropped", "external"}
    assert set(split_of[~is_folder]) == {"train", "val", "test"}
    predictions = pd.read_csv(data / "predictions/custom_cnn.csv")
    assert (predictions.split == "external").sum() == (split_of == "external").sum()
    scores = json.loads((metrics / "custom_cnn/external.json").read_text())["image_folder"]
    assert scores["num_images"] == (split_of == "external").sum()
    table = pd.read_csv(metadata).set_index("image_id")
    assert scores["num_classes"] == table.diagnosis[split_of[split_of == "external"].index].nunique()
    assert scores["balanced_accuracy_low"] <= scores["balanced_accuracy"] <= scores["balanced_accuracy_high"]
    (row,) = list_external("custom_cnn", read_external(metrics / "custom_cnn/external.json"))
    assert row["dataset"] == "image_folder"
    assert row["images"].startswith(f"{scores['num_images']} of ")
    assert row["loss"].startswith(("+", "−"))

    sealed, other = tmp_path / "sealed.yaml", tmp_path / "sealed"
    shutil.copy(params, sealed)
    lay_over(sealed, {"split": {"seal": True}})
    folders = (other / "data", other / "metrics", other / "plots")
    evaluate.main("custom_cnn", logits, recipe, weights, images, metadata, *folders, sealed)
    assert set(pd.read_csv(other / "data/predictions/custom_cnn.csv").split) == {"val"}
    for name in ("test", "intervals", "sets", "external", "digest"):
        assert json.loads((other / f"metrics/custom_cnn/{name}.json").read_text()) == {"schema": 1, "sealed": True}
    for name in ("calibration", "generalisation"):
        before, after = (
            json.loads((of / f"custom_cnn/{name}.json").read_text()) for of in (metrics, other / "metrics")
        )
        assert after == {key: value for key, value in before.items() if "test" not in key} | {"sealed": True}
    assert (other / "metrics/custom_cnn/val.json").read_bytes() == (metrics / "custom_cnn/val.json").read_bytes()
    assert {path.read_text() for path in (other / "plots/custom_cnn").iterdir()} == {"[\n\n]\n"}
