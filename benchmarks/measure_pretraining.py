"""Measure what pretraining without labels gains where 1, 10 and 100 % of the lesions have a label.

Run it in a clone whose data are prepared, with one model, whose `weights` are `pretrained`:

    lesions preset datasets/ham10000 --root /path/to/ham10000
    # in params.yaml: models: [resnet18], its weights: pretrained, and hardware.num_threads: 1
    dvc repro compute_class_weights resolve_recipes
    python -m benchmarks.measure_pretraining --work /tmp/measured

The backbone is pretrained once on all training images, without their labels. Then two networks are trained for each
fraction and seed, one from this backbone and one from random weights, with the same settings, on the same labelled
lesions (of each diagnosis the same fraction, and at least one), with the same order and augmentation. Both are scored
on validation, on which both also choose their epoch: the difference counts, not the level. What is in `--work`
already is not computed again, and what was stopped resumes. Peer: the training from random weights.
"""

import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from rich.table import Table

from lesions.errors import InputError
from lesions.evaluation.estimation import estimate_metrics
from lesions.evaluation.interval import Estimate
from lesions.evaluation.repeats import compare_repeats
from lesions.formats.json_file import write_json
from lesions.formats.sha256 import hash_file
from lesions.hardware.device import choose_precision, set_up_device
from lesions.images.cache import read_cache
from lesions.networks.inference import predict_outputs
from lesions.networks.preprocessing import build_preprocessing
from lesions.networks.pretrained_backbone import FILE, PretrainedMetadata, read_backbone, write_backbone
from lesions.networks.source import open_source
from lesions.parameters.hardware import HardwareParameters
from lesions.parameters.section import read_section
from lesions.splitting.class_weights import ClassWeightParameters, compute_class_weights
from lesions.stage.tables import print_table
from lesions.tables.classes import Classes, read_classes
from lesions.tables.predictions import Predictions, read_predictions, write_logits
from lesions.tables.splits import DROPPED, read_split_metadata, write_splits
from lesions.tables.task import encode_diagnoses
from lesions.training.building import build_batches, build_learner, read_subsets
from lesions.training.fit import fit_network
from lesions.training.pretraining import pretrain_backbone, set_up_pretraining
from lesions.training.pretraining_recipe import read_pretraining
from lesions.training.recipe import Recipe, read_recipe
from lesions.training.resume import fingerprint, hold_resume_file
from lesions.training.validation import validate_network

SCRATCH, PRETRAINED = "scratch", "pretrained"
METRICS = ("balanced_accuracy", "macro_f1")


@dataclass(frozen=True)
class Length:
    """How long a network is trained with a fraction of the labels, and from how many seeds."""

    num_epochs: int
    batch_size: int
    num_seeds: int


LENGTHS = {0.01: Length(40, 16, 3), 0.1: Length(40, 32, 3), 1.0: Length(15, 64, 1)}
"""By fraction. Few labels take more epochs; training stops early as its recipe says."""


@dataclass(frozen=True)
class Run:
    """The prepared run, and the folder of the measurement."""

    model: str
    data: Path
    work: Path
    params: Path
    hardware: HardwareParameters

    @property
    def recipe(self) -> Recipe:
        """How the model is trained."""
        return read_recipe(self.data / f"recipes/{self.model}.json")

    @property
    def classes(self) -> Classes:
        """The classes of all training images."""
        return read_classes(self.data / "classes.json")


def main(
    work: Annotated[Path, typer.Option(help="The folder of all that is written.")],
    model: Annotated[str, typer.Option(help="The model, whose weights are pretrained.")] = "resnet18",
    data: Annotated[Path, typer.Option(help="The data of the prepared run.")] = Path("data"),
    params: Annotated[Path, typer.Option(help="The parameter file of the prepared run.")] = Path("params.yaml"),
    max_epochs: Annotated[int | None, typer.Option(help="To try it: at most so many epochs of training.")] = None,
) -> None:
    """Pretrain, train all pairs of networks, and print and write the scores after each pair."""
    run = Run(model, data, work, params, read_section(params, "hardware", HardwareParameters))
    pretrain(run)
    for fraction, length in LENGTHS.items():
        for seed in range(length.num_seeds):
            for start in (SCRATCH, PRETRAINED):
                train(run, fraction, seed, start, max_epochs)
            report(run)


def pretrain(run: Run) -> None:
    """Pretrain the backbone on all training images, unless it is there."""
    if (run.work / FILE).is_file():
        return
    recipe = read_pretraining(run.data / f"pretraining/{run.model}.json")
    if recipe is None:
        raise InputError(f"architectures.{run.model}.weights is not pretrained; set it, and run resolve_recipes")
    images, splits = run.data / "images.npy", run.data / "splits.csv"
    table = read_split_metadata(run.data / "metadata.csv", splits, columns=["image_id", "row"])
    rows = table.row[table.split == "train"].to_numpy()
    pretraining = set_up_pretraining(run.model, recipe, read_cache(images), rows, run.hardware)
    key = fingerprint(recipe=recipe.model_dump(), inputs=[hash_file(images), hash_file(splits)])
    begun, used = time.monotonic(), time.process_time()
    with hold_resume_file(run.work / "resume", key) as resume:
        weights, history = pretrain_backbone(pretraining, resume)
        last = history[-1]
        architecture = recipe.architecture
        about = PretrainedMetadata(
            architecture.backbone, architecture.size_px, len(history), last["loss"], last["projection_std"]
        )
        write_json(run.work / "history.json", history)
        write_backbone(run.work / FILE, weights, about)
        resume.remove()
    minutes, of_processor = (time.monotonic() - begun) / 60, (time.process_time() - used) / 60
    print(
        f"pretraining took {minutes:.1f} min since it was last started, and {of_processor:.1f} min of the processor"
    )


def train(run: Run, fraction: float, seed: int, start: str, max_epochs: int | None) -> None:
    """Train one network and write its logits of the validation images, unless they are there."""
    logits = name_logits(run, fraction, seed, start)
    if logits.is_file():
        return
    splits = run.work / f"splits-{fraction:g}-{seed}.csv"
    write_fraction(run, splits, fraction, seed)
    device = set_up_device(run.hardware.device, num_threads=run.hardware.num_threads)
    recipe = shape_recipe(run.recipe, LENGTHS[fraction], seed, max_epochs)
    subsets = read_subsets(run.data / "metadata.csv", splits, run.classes.diagnoses)
    counts = np.bincount(subsets["train"].labels, minlength=len(run.classes.classes))
    weights = compute_class_weights(counts, read_section(run.params, "class_weights", ClassWeightParameters))
    known = run.classes
    classes = Classes(known.classes, known.diagnoses, tuple(counts.tolist()), tuple(weights.tolist()))
    preprocessing = build_preprocessing(recipe.architecture)
    source = open_source(read_cache(run.data / "images.npy"), device)
    learner = build_learner(
        recipe,
        classes,
        backbone=read_backbone(run.work / FILE) if start == PRETRAINED else None,
        device=device,
        precision=choose_precision(recipe.training.precision, device),
        execution="eager",
    )
    batches = build_batches(recipe, classes, source, subsets["train"], preprocessing=preprocessing, device=device)
    validate = partial(
        validate_network,
        source=source,
        val=subsets["val"],
        criterion=learner.criterion,
        preprocessing=preprocessing,
    )
    print(f"{start}, seed {seed}: {len(subsets['train'].rows):,} labelled images ({fraction:.0%})", flush=True)
    key = fingerprint(recipe=recipe.model_dump(), start=start, splits=hash_file(splits))
    with hold_resume_file(run.work / "resume", key) as resume:
        fitted = fit_network(
            learner, batches, validate, schedule=recipe.schedule, training=recipe.training, resume=resume
        )
        learner.network.load_state_dict(fitted.weights)
        table = read_split_metadata(run.data / "metadata.csv", splits)
        val = table[table.split == "val"].reset_index(drop=True)
        outputs = predict_outputs(learner.network, source, val.row.to_numpy(), preprocessing=preprocessing)
        logits.parent.mkdir(exist_ok=True)
        y_true = encode_diagnoses(val.diagnosis, known.diagnoses)
        write_logits(logits, Predictions(val, known.classes, y_true, outputs))
        resume.remove()


def name_logits(run: Run, fraction: float, seed: int, start: str) -> Path:
    """Return the file of a network's logits."""
    return run.work / f"logits/{fraction:g}-{seed}-{start}.csv"


def write_fraction(run: Run, splits: Path, fraction: float, seed: int) -> None:
    """Write a copy of the split that keeps a fraction of the training groups of each diagnosis, and at least one."""
    table = read_split_metadata(run.data / "metadata.csv", run.data / "splits.csv")
    groups = table[table.split == "train"].drop_duplicates("group_id")[["group_id", "diagnosis"]]
    order = groups.iloc[np.random.default_rng(seed).permutation(len(groups))]
    place = order.groupby("diagnosis").cumcount()
    number = order.diagnosis.map(order.diagnosis.value_counts())
    kept = order.group_id[place < np.maximum(1, (fraction * number).round())]
    left_out = (table.split == "train") & ~table.group_id.isin(kept)
    all_rows = pd.read_csv(run.data / "splits.csv", dtype=str, keep_default_na=False)
    all_rows.loc[all_rows.image_id.isin(table.image_id[left_out]), "split"] = DROPPED
    write_splits(splits, all_rows)


def shape_recipe(recipe: Recipe, length: Length, seed: int, max_epochs: int | None) -> Recipe:
    """Return the recipe with another seed and batch size, and so many epochs of its last phase."""
    num_epochs = min(length.num_epochs, max_epochs or length.num_epochs)
    *first, last = recipe.architecture.phases
    phases = (*first, last.model_copy(update={"num_epochs": num_epochs}))
    training = {"seed": seed, "batch_size": length.batch_size, "monitor": "balanced_accuracy"}
    return recipe.model_copy(
        update={
            "architecture": recipe.architecture.model_copy(update={"phases": phases}),
            "training": recipe.training.model_copy(update=training),
        }
    )


def report(run: Run) -> None:
    """Print and write the scores of all networks that are trained, and the difference of each pair over seeds."""
    each = Table("labels", "seed", "start", *METRICS, title="validation, with 95 % intervals")
    paired = Table("labels", "seeds", *METRICS, title="pretrained - scratch, the mean over seeds")
    rows = []
    for fraction in LENGTHS:
        done = read_pairs(run, fraction)
        if not done:
            continue
        for seed, predictions in done.items():
            for start, predicted in predictions.items():
                estimates = estimate_metrics(predicted, seed=0)
                each.add_row(f"{fraction:.0%}", str(seed), start, *(spell(estimates[name]) for name in METRICS))
                rows += [list_row(fraction, seed, start, name, estimates[name]) for name in METRICS]
        comparison = compare_repeats(done, rivals=[PRETRAINED, SCRATCH]).comparison
        differences = {name: comparison.differences[PRETRAINED, SCRATCH, name] for name in METRICS}
        paired.add_row(f"{fraction:.0%}", str(len(done)), *(spell(differences[name]) for name in METRICS))
        rows += [list_row(fraction, None, "difference", name, differences[name]) for name in METRICS]
    print_table(each)
    print_table(paired)
    write_json(run.work / "scores.json", rows)


def read_pairs(run: Run, fraction: float) -> dict[int, dict[str, Predictions]]:
    """Return the predictions of both networks, by seed, where both are trained."""
    pairs = {}
    for seed in range(LENGTHS[fraction].num_seeds):
        files = {start: name_logits(run, fraction, seed, start) for start in (PRETRAINED, SCRATCH)}
        if all(file.is_file() for file in files.values()):
            pairs[seed] = {start: read_predictions(file) for start, file in files.items()}
    return pairs


def list_row(fraction: float, seed: int | None, start: str, metric: str, estimate: Estimate) -> dict[str, object]:
    """Return a row of the written scores."""
    return {
        "fraction": fraction,
        "seed": seed,
        "start": start,
        "metric": metric,
        "value": estimate.value,
        **estimate.bounds,
    }


def spell(estimate: Estimate) -> str:
    """Return a figure with its interval."""
    return f"{estimate.value:.3f} ({estimate.low:.3f} to {estimate.high:.3f})"


if __name__ == "__main__":
    typer.run(main)
