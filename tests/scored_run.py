"""A run of two small networks with random weights and their ensemble, up to its scores."""

from pathlib import Path

import numpy as np
import torch

from lesions.formats.json_file import write_json
from lesions.formats.sha256 import hash_file
from lesions.networks.architecture import build_network
from lesions.networks.checkpoint import CheckpointMetadata, write_checkpoint
from lesions.networks.parameters import CustomCNNParameters
from lesions.parameters.overlay import lay_over
from lesions.parameters.section import read_parameters
from lesions.tables.classes import Classes, write_classes
from lesions.tables.csv_table import write_table
from lesions.tables.splits import write_splits
from lesions.training.recipe import resolve_recipe, write_recipe
from stages import combine, evaluate, evaluate_malignancy, predict
from tests.builders import metadata_table, small_cnn
from tests.presets import write_default
from tests.runs import CLASSES

INPUTS = ("images.npy", "metadata.csv", "splits.csv", "classes.json")
N = 240
TABLE = metadata_table(
    [CLASSES[n % 3] for n in range(N)],
    patient_id=[f"patient_{n // 6}" for n in range(N)],
)
"""Six images of each patient, two of each class."""


def write_data(folder: Path) -> None:
    """Write noisy images with a tint of their class, and their tables."""
    generator = np.random.default_rng(0)
    tint = 50 * np.eye(3)[np.arange(N) % 3][:, None, None]
    images = (tint + generator.normal(100, 40, size=(N, 20, 20, 3))).clip(0, 255).astype(np.uint8)
    folder.mkdir(parents=True)
    np.save(folder / "images.npy", images)
    write_table(folder / "metadata.csv", TABLE, sort_by="image_id")
    split = np.array(["train", "val", "test"])[np.arange(N) // 6 % 3]
    write_splits(folder / "splits.csv", TABLE.assign(group_id=TABLE.patient_id, split=split))
    known = Classes(CLASSES, tuple((name,) for name in CLASSES), (28, 28, 28), (1.0, 1.0, 1.0))
    write_classes(folder / "classes.json", known)


def write_network(folder: Path, model: str, architecture: CustomCNNParameters, *, seed: int) -> None:
    """Write the checkpoint of a network with random weights."""
    torch.manual_seed(seed)
    network = build_network(architecture, len(CLASSES), pretrained=True)
    about = CheckpointMetadata(
        model,
        CLASSES,
        tuple((name,) for name in CLASSES),
        architecture,
        mean=(0.4, 0.4, 0.4),
        std=(0.2, 0.2, 0.2),
        inputs={name: hash_file(folder / name) for name in INPUTS},
        versions={"torch": "2"},
        weights_licence=None,
    )
    write_checkpoint(folder / f"checkpoints/{model}.safetensors", network.state_dict(), about)


def paths_of(folder: Path, *names: str) -> dict[str, Path]:
    """Return the files of a run that most stages read, by the names of their options."""
    return {name.partition(".")[0]: folder / "data" / name for name in (names or INPUTS)}


def score(folder: Path, params: Path, model: str, logits: Path, recipe: Path) -> None:
    """Run the stages that score a model or an ensemble."""
    data, metrics, plots = (folder / name for name in ("data", "metrics", "plots"))
    some = paths_of(folder, "images.npy", "metadata.csv", "classes.json")
    evaluate.main(model, logits, recipe, data=data, metrics=metrics, plots=plots, params=params, **some)
    table, some = data / f"predictions/{model}.csv", paths_of(folder, "metadata.csv", "classes.json")
    evaluate_malignancy.main(model, table, metrics=metrics, plots=plots, params=params, **some)


def write_scored_run(folder: Path) -> None:
    """Run the stages from `predict` to `evaluate_malignancy` on small images, and write what they read."""
    data, params = folder / "data", write_default(folder)
    lay_over(
        params,
        {
            "models": ["custom_cnn", "other"],
            "architectures": {"other": read_parameters(params)["architectures"]["custom_cnn"]},
            "ensembles": ["both"],
            "combinations": {"both": {"members": ["custom_cnn", "other"], "weights": "fitted"}},
            "cache_images": {"size_px": 20},
            "evaluation": {"num_views": 1, "calibration": "temperature"},
            "hardware": {"num_threads": 1, "device": "cpu"},
            "export": {"models": ["custom_cnn", "other"], "ensembles": ["both"], "max_drop": 1},
        },
    )
    read_parameters.cache_clear()
    write_data(data)
    for seed, (model, architecture) in enumerate(
        {"custom_cnn": small_cnn(), "other": small_cnn(widths=(6,), size_px=13)}.items()
    ):
        write_network(data, model, architecture, seed=seed)
        write_recipe(data / f"recipes/{model}.json", resolve_recipe(params, model))
        checkpoint, logits = data / f"checkpoints/{model}.safetensors", data / f"logits/{model}.csv"
        predict.main(model, checkpoint, logits=logits, params=params, **paths_of(folder))
        score(folder, params, model, logits, data / f"recipes/{model}.json")
    combined, weights = data / "ensembles/both.csv", folder / "metrics/both/ensemble.json"
    tables = paths_of(folder, "metadata.csv", "splits.csv", "classes.json")
    folders = {"logits": data / "logits", "recipes": data / "recipes", "imported": data / "imported"}
    combine.main("both", combined=combined, weights=weights, params=params, **folders, **tables)
    score(folder, params, "both", combined, weights)
    write_json(data / "code.json", {})
