"""`lesions plan`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.table import Column, Table

from lesions.command_line.options import PARAMS
from lesions.errors import InputError
from lesions.stage.tables import print_table
from lesions.tables.run_files import CLASSES, METADATA, SPLITS, check_made

if TYPE_CHECKING:
    import pandas as pd

    from lesions.evaluation.expectation import Expectation
    from lesions.evaluation.planning import Plan
    from lesions.tables.predictions import Predictions


def plan(
    half_width: Annotated[
        float | None, typer.Option(min=0.001, max=0.499, help="The wanted half-width of the 95 % interval.")
    ] = None,
    difference: Annotated[
        float | None,
        typer.Option(min=0.001, max=0.499, help="The difference of two models that is to be found, with power 0.8."),
    ] = None,
    metric: Annotated[
        Literal["recall", "balanced_accuracy", "sensitivity"],
        typer.Option(help="The recall of each class, their mean, or the sensitivity for malignancy."),
    ] = "recall",
    expected: Annotated[
        float | None,
        typer.Option(min=0.001, max=0.999, help="The expected score; by default what the validation images show."),
    ] = None,
) -> None:
    """Say how many groups (patients or lesions) of each class a test set needs.

    Reads how many images the groups of this dataset have, and what the models do on validation images. It does not
    look at a prediction of a test image.
    """
    if (half_width is None) == (difference is None):
        raise InputError("expected --half-width or --difference, and not both")
    # These import pandas and scipy; the other commands start without them.
    from lesions.evaluation.expectation import expect, learn_from_models
    from lesions.evaluation.planning import plan_difference, plan_half_width

    dataset = read_plan_inputs()
    if metric == "sensitivity":
        dataset = keep_malignant(dataset)
    learnt = learn_from_models(list(dataset.models.values())) if dataset.models else None
    expectation = expect(dataset.classes, learnt, score=expected)
    together = metric == "balanced_accuracy"
    if half_width is not None:
        made = plan_half_width(dataset.images, expectation, half_width, together=together)
    else:
        assert difference is not None
        made = plan_difference(dataset.images, expectation, difference, together=together)
    words = "± with them" if half_width is not None else "found with them"
    print_table(build_table(made, dataset.classes, expectation, reached=words))
    if together:
        print(f"The present test images reach {made.reached:.3f} for the mean over the classes.")
    print("\n".join([*list_shortages(made, dataset.classes), *expectation.notes, *dataset.calling]))


@dataclass(frozen=True)
class Dataset:
    """What is there to plan with.

    Attributes
    ----------
    images
        All images of the three splits: group_id, split, and `label`, the code of the class.
    models
        The predictions of the validation images, by model; empty before the models are evaluated.
    calling
        By which rule these call an image, and which models are left out, in words.
    """

    classes: tuple[str, ...]
    diagnoses: tuple[tuple[str, ...], ...]
    images: "pd.DataFrame"
    models: "dict[str, Predictions]"
    calling: tuple[str, ...]


def read_plan_inputs() -> Dataset:
    """Read the images that the pipeline has split, and the predictions of the models that are listed."""
    from lesions.evaluation.calling import describe_calling
    from lesions.parameters.models import read_scored
    from lesions.tables.classes import read_classes
    from lesions.tables.labelled_images import read_labelled_images
    from lesions.tables.paths import ModelPaths
    from lesions.tables.predictions import read_predictions

    check_made(METADATA, SPLITS, CLASSES)
    known = read_classes(CLASSES)
    images, _ = read_labelled_images(METADATA, SPLITS, known.diagnoses)
    paths = {model: ModelPaths(model).predictions for model in read_scored(PARAMS)}
    models = {model: read_predictions(path).select("val") for model, path in paths.items() if path.is_file()}
    calling = (describe_calling(models, images="validation images"),) if models else ()
    return Dataset(known.classes, known.diagnoses, images, models, calling)


def keep_malignant(dataset: Dataset) -> Dataset:
    """Return the malignant images alone, as one class that is right where a model calls them malignant."""
    from lesions.evaluation.decisions import call_at, merge_sides
    from lesions.evaluation.thresholds import calls_all
    from lesions.formats.json_file import read_json
    from lesions.parameters.section import read_section
    from lesions.tables.paths import ModelPaths
    from lesions.tables.task import TaskParameters

    sides = read_section(PARAMS, "task", TaskParameters).find_sides(dataset.diagnoses)
    if sides is None:
        raise InputError("the classes have no malignant and benign side (task in params.yaml)")
    malignant = [code for code, side in enumerate(sides) if side]
    images = dataset.images[dataset.images.label.isin(malignant)].assign(label=0)
    models, calling = {}, []
    for model, predictions in dataset.models.items():
        merged = merge_sides(predictions, sides)
        merged = merged.keep(merged.y_true == 1)
        path = ModelPaths(model).metrics_file("malignancy")
        threshold = read_json(path).get("threshold") if path.is_file() else None
        if threshold is None:
            raise InputError(
                f"{path} has no threshold for malignancy; `dvc repro` chooses one where there can be one"
            )
        if calls_all(threshold):
            calling.append(
                f"{model} is left out: validation has too few malignant images for a threshold, so that it calls "
                "every image malignant."
            )
            continue
        called = 1 - call_at(merged, threshold).y_pred
        models[model] = replace(merged, classes=("malignant",), y_true=0 * merged.y_true, called=called)
    if models:
        calling.append("An image is called malignant from the threshold of its model on.")
    return Dataset(("malignant",), dataset.diagnoses, images, models, tuple(calling))


def build_table(plan: "Plan", classes: Sequence[str], expectation: "Expectation", *, reached: str) -> Table:
    """Return one row per class: what is expected of it, the groups that are needed, and those that there are."""
    right = ("expected", "images per group", "design effect", "groups needed", "in test", reached, "in all splits")
    columns = (Column(heading, justify="right") for heading in right)
    table = Table(Column("class", no_wrap=True), *columns, box=None, padding=(0, 1, 0, 0))
    for name, score, need in zip(classes, expectation.scores, plan.needs, strict=True):
        table.add_row(
            name,
            f"{score:.3f}",
            f"{need.clusters.images_per_group:.2f}",
            f"{need.clusters.design_effect(expectation.likeness):.2f}",
            "–" if need.num_needed is None else f"{need.num_needed:,}",
            f"{need.num_tested:,}",
            f"{need.reached:.3f}" if isfinite(need.reached) else "–",
            f"{need.clusters.num_groups:,}",
        )
    return table


def list_shortages(plan: "Plan", classes: Sequence[str]) -> Iterator[str]:
    """Say of which classes the test images have too few groups, and of which the whole dataset has."""
    named = dict(zip(classes, plan.needs, strict=True))
    scarce = [
        name for name, need in named.items() if need.num_needed is None or need.num_needed > need.clusters.num_groups
    ]
    short = [name for name, need in named.items() if name not in scarce and need.num_tested < (need.num_needed or 0)]
    if scarce:
        yield f"The dataset has too few groups, even if all were tested, of {', '.join(scarce)}."
    if short:
        yield f"The test split has too few groups of {', '.join(short)}; the dataset has enough (split.shares)."
    if not scarce and not short:
        yield "The test split has enough groups of every class."
