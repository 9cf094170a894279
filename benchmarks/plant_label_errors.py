"""Plant wrong labels among the images of a run, and measure how many are among the first that `lesions doubts` names.

Whole groups get the wrong label, since the images of a lesion share its diagnosis: another class, drawn by how
frequent the classes are, so that most look plausible. The peers are a random order, and the order by the label's own
probability, from the same regression. "Classes weighed alike" has its logits moved to where a loss with class weights
or adjusted logits moves those of a network, and then recalibrated, as `lesions doubts` does with folds.

    lesions preset ham10000-cpu --root /path/to/ham10000
    dvc repro split_by_patient compute_class_weights
    python -m benchmarks.plant_label_errors
"""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from lesions.baselines.cross_fitting import assign_folds, cross_fit
from lesions.baselines.features import compute_features
from lesions.evaluation.doubts import rank_doubts, recalibrate
from lesions.images.cache import read_cache
from lesions.networks.parameters import read_architecture
from lesions.parameters.hardware import HardwareParameters
from lesions.parameters.section import read_section
from lesions.stage.failure import one_paragraph_errors
from lesions.tables.classes import read_classes
from lesions.tables.labelled_images import read_labelled_images
from lesions.tables.predictions import Predictions

FIRST = 100


def main(
    data: Annotated[Path, typer.Option(help="The folder data/ of a run.")] = Path("data"),
    params: Annotated[Path, typer.Option(help="The parameter file.")] = Path("params.yaml"),
    model: Annotated[str, typer.Option(help="A model with pretrained weights.")] = "resnet18",
    share: Annotated[float, typer.Option(help="Share of the images that get a wrong label.")] = 0.05,
    num_seeds: Annotated[int, typer.Option(help="Number of seeds, from 0 on.")] = 5,
) -> None:
    """Print the share of planted labels among the first 100 images of each order, by seed and on average."""
    known = read_classes(data / "classes.json")
    images, _ = read_labelled_images(data / "metadata.csv", data / "splits.csv", known.diagnoses)
    hardware = read_section(params, "hardware", HardwareParameters)
    architectures, pixels = {model: read_architecture(params, model)}, read_cache(data / "images.npy")
    ((_, features),) = compute_features(architectures, pixels, images, hardware)
    rows = []
    for seed in range(num_seeds):
        labels, is_planted = plant_errors(images, share, np.random.default_rng(seed))
        rows.append(judge_orders(features, images.assign(label=labels), known.classes, is_planted, seed=seed))
    judged = pd.DataFrame(rows)
    table = Table("seed", *judged.columns, box=None)
    for seed, row in enumerate(rows):
        table.add_row(str(seed), *(f"{value:.2f}" for value in row.values()))
    table.add_row("mean", *(f"{value:.2f}" for value in judged.mean()))
    Console(width=160).print(table)
    print(f"{len(images):,} images of {images.group_id.nunique():,} groups; {is_planted.sum()} wrong labels")


def plant_errors(
    images: pd.DataFrame, share: float, generator: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return labels (N,), of which at least a share is wrong, and which are."""
    labels, groups = images.label.to_numpy(), images.group_id.to_numpy()
    frequencies = np.bincount(labels) / len(labels)
    planted = labels.copy()
    for group in generator.permutation(np.unique(groups)):
        if (planted != labels).sum() >= share * len(labels):
            break
        members = groups == group
        others = frequencies * (np.arange(len(frequencies)) != labels[members][0])
        planted[members] = generator.choice(len(others), p=others / others.sum())
    return planted, planted != labels


def judge_orders(
    features: NDArray[np.floating],
    images: pd.DataFrame,
    classes: tuple[str, ...],
    is_planted: NDArray[np.bool_],
    *,
    seed: int,
) -> dict[str, float]:
    """Return the share of planted labels among the first of each order, and among all that are doubted."""
    labels = images.label.to_numpy()
    logits = cross_fit(features, labels, assign_folds(labels, images.group_id.to_numpy()), len(classes))
    predictions = Predictions(images, classes, labels, logits)
    weighed = replace(predictions, logits=logits - np.log(np.bincount(labels) / len(labels)))
    planted = set(images.image_id[is_planted])

    def judge(image_ids: pd.Series) -> float:
        return float(image_ids.isin(planted).mean())

    ranked = rank_doubts(predictions)
    doubted = ranked.image_id[ranked.is_doubted]
    own = np.argsort(predictions.y_prob[np.arange(len(labels)), labels], kind="stable")
    return {
        "lesions doubts": judge(ranked.image_id[:FIRST]),
        "label's probability": judge(images.image_id.iloc[own[:FIRST]]),
        "random order": judge(images.image_id.sample(FIRST, random_state=seed)),
        "weighed alike": judge(rank_doubts(weighed).image_id[:FIRST]),
        "recalibrated": judge(rank_doubts(recalibrate(weighed)).image_id[:FIRST]),
        "number doubted": len(doubted),
        "planted of the doubted": judge(doubted),
        "doubted of the planted": float(images.image_id[is_planted].isin(doubted).mean()),
    }


if __name__ == "__main__":
    with one_paragraph_errors():
        typer.run(main)
