"""Compare what searches find with TPE and with random search of the same budget, on one grid of trainings.

    git clone . /tmp/grid && cd /tmp/grid && lesions preset tiny
    sed -i 's/num_images: 150/num_images: 900/' params.yaml && dvc repro compute_class_weights resolve_recipes
    python -m benchmarks.compare_search --grid grid.json

Every point of the grid is trained once, for seconds, and its score on validation is written to `--grid`; what is
there already is not trained again. The searches then replay these scores through the loop of `lesions search`, with a
database of their own: five studies per sampler, 20 trials each. Trials may repeat a point, as in a real search.
Nothing is printed unless all studies have the same number of trials, all of which ran to their ends.
"""

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from os import devnull
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Literal

import numpy as np
import torch
import typer
from numpy.typing import NDArray
from optuna.trial import TrialState
from rich.progress import track
from rich.table import Table

from lesions.experiments.search.search import OnEpoch, Outcome, run_trials
from lesions.experiments.search.space import Choices, Range, SearchSettings, SearchSpace
from lesions.experiments.search.study import open_study
from lesions.formats.json_file import read_json, write_json
from lesions.hardware.device import choose_precision
from lesions.images.cache import read_cache
from lesions.networks.preprocessing import build_preprocessing
from lesions.networks.source import open_source
from lesions.stage.tables import print_table
from lesions.tables.classes import read_classes
from lesions.training.building import build_batches, build_learner, read_subsets
from lesions.training.fit import fit_network
from lesions.training.recipe import read_recipe
from lesions.training.validation import validate_network

RATE, WIDTHS, BATCH_SIZE = "learning_rate", "widths", "batch_size"

GRID: dict[str, Sequence[Any]] = {
    RATE: [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3],
    WIDTHS: [[8, 16], [16, 32], [8, 16, 32]],
    BATCH_SIZE: [16, 32, 128],
}

NUM_EPOCHS = 4
NUM_TRIALS = 20
SEEDS = range(5)
SAMPLERS: tuple[Literal["tpe", "random"], ...] = ("tpe", "random")

Scores = dict[str, float]
"""The score of each point of the grid, by its values as JSON."""


def main(
    grid: Annotated[Path, typer.Option(help="Written, unless it is whole: the scores of the grid.")],
    data: Annotated[Path, typer.Option(help="The data of the prepared run.")] = Path("data"),
) -> None:
    """Train the grid, replay the searches, and print what each had found after some trials."""
    scores = train_grid(grid, data)
    found: dict[str, NDArray[np.float64]] = {
        sampler: np.array([replay(scores, sampler, seed) for seed in SEEDS]) for sampler in SAMPLERS
    }
    print_found(found, np.array(list(scores.values())))


def train_grid(file: Path, data: Path) -> Scores:
    """Return the scores of all points, after training those that the file lacks."""
    scores: Scores = read_json(file) if file.is_file() else {}
    missing = [point for point in list_points() if json.dumps(point) not in scores]
    for point in track(missing, "training the grid", disable=not missing):
        scores[json.dumps(point)] = train(point, data)
        write_json(file, scores)
    return scores


def list_points() -> Iterator[dict[str, Any]]:
    """Yield the values of each point of the grid."""
    for values in itertools.product(*GRID.values()):
        yield dict(zip(GRID, values, strict=True))


def train(point: Mapping[str, Any], data: Path) -> float:
    """Return the balanced accuracy on validation of the best epoch."""
    torch.set_num_threads(1)
    recipe, classes = read_recipe(data / "recipes/custom_cnn.json"), read_classes(data / "classes.json")
    phases = tuple(phase.model_copy(update={"num_epochs": NUM_EPOCHS}) for phase in recipe.architecture.phases)
    of_network = {"phases": phases, RATE: point[RATE], WIDTHS: tuple(point[WIDTHS])}
    recipe = recipe.model_copy(
        update={
            "architecture": recipe.architecture.model_copy(update=of_network),
            "training": recipe.training.model_copy(
                update={BATCH_SIZE: point[BATCH_SIZE], "monitor": "balanced_accuracy", "patience_epochs": NUM_EPOCHS}
            ),
        }
    )
    subsets = read_subsets(data / "metadata.csv", data / "splits.csv", classes.diagnoses)
    device, preprocessing = torch.device("cpu"), build_preprocessing(recipe.architecture)
    source = open_source(read_cache(data / "images.npy"), device)
    learner = build_learner(
        recipe, classes, device=device, precision=choose_precision("float32", device), execution="eager"
    )
    batches = build_batches(recipe, classes, source, subsets["train"], preprocessing=preprocessing, device=device)
    with Path(devnull).open("w") as nowhere, redirect_stdout(nowhere):
        fitted = fit_network(
            learner,
            batches,
            lambda network: validate_network(
                network, source, subsets["val"], learner.criterion, preprocessing=preprocessing
            ),
            schedule=recipe.schedule,
            training=recipe.training,
        )
    return fitted.history[fitted.best_epoch - 1]["val"]["balanced_accuracy"]


def replay(scores: Scores, sampler: Literal["tpe", "random"], seed: int) -> NDArray[np.float64]:
    """Return the best score after each trial of one study, (T,)."""
    settings = SearchSettings(study="grid", model="custom_cnn", trials=NUM_TRIALS, seed=seed, sampler=sampler)
    rates = GRID[RATE]
    space = SearchSpace(
        settings,
        {
            RATE: Range(low=rates[0], high=rates[-1], log=True),
            **{name: Choices(choices=list(GRID[name])) for name in (WIDTHS, BATCH_SIZE)},
        },
    )

    def look_up(_: Sequence[str], values: dict[str, Any], __: OnEpoch) -> Outcome:
        rate = min(rates, key=lambda each: abs(np.log(each / values[RATE])))
        point = json.dumps({name: rate if name == RATE else values[name] for name in GRID})
        return Outcome(commit="", figures={"balanced_accuracy": scores[point]})

    with TemporaryDirectory() as folder, Path(devnull).open("w") as nowhere, redirect_stdout(nowhere):
        study = open_study(f"sqlite:///{folder}/study.db", space, num_epochs=NUM_EPOCHS)
        run_trials(study, space, look_up)
        trials = study.get_trials(deepcopy=False)
    assert [trial.state for trial in trials] == [TrialState.COMPLETE] * NUM_TRIALS, "not the same budget"
    return np.maximum.accumulate([trial.values[0] for trial in trials])


def print_found(found: Mapping[str, NDArray[np.float64]], scores: NDArray[np.float64]) -> None:
    """Print the best score after some trials, the mean over studies with the lowest and the highest."""
    print(f"{len(scores)} trainings: the best has {scores.max():.3f}, the median {np.median(scores):.3f}")
    table = Table("trials", *found, "random, expected")
    for number in (5, 10, 15, NUM_TRIALS):
        cells = (
            f"{best[:, number - 1].mean():.3f} ({best[:, number - 1].min():.3f} to {best[:, number - 1].max():.3f})"
            for best in found.values()
        )
        table.add_row(str(number), *cells, f"{expect_best(scores, number):.3f}")
    print_table(table)


def expect_best(scores: NDArray[np.float64], number: int) -> float:
    """Return the expected best of so many points that are drawn with replacement, all equally often."""
    ordered = np.sort(scores)
    shares = (np.arange(1, len(ordered) + 1) / len(ordered)) ** number
    return float((ordered * np.diff(shares, prepend=0)).sum())


if __name__ == "__main__":
    typer.run(main)
