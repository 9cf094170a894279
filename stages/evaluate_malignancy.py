"""Choose the threshold for malignancy on validation, and score it on the test images."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from lesions.evaluation.curves import build_roc_rows
from lesions.evaluation.decisions import choose_threshold, list_net_benefit, merge_sides, score_decisions
from lesions.evaluation.interval import list_estimates
from lesions.evaluation.parameters import EvaluationParameters
from lesions.formats.json_file import write_metrics, write_plot_rows
from lesions.parameters.section import read_section
from lesions.stage.run import run_stage
from lesions.tables.classes import read_classes
from lesions.tables.predictions import Predictions, read_predictions
from lesions.tables.splits import SCORED_SPLITS
from lesions.tables.task import TaskParameters


def main(
    predictions: Annotated[Path, typer.Option(help="The model's calibrated predictions.")],
    classes: Annotated[Path, typer.Option(help="Classes and their diagnoses.")],
    metrics: Annotated[Path, typer.Option(help="Written: the threshold, and its scores on test.")],
    roc: Annotated[Path, typer.Option(help="Written: the ROC curve.")],
    net_benefit: Annotated[Path, typer.Option(help="Written: the decision curve.")],
    params: Annotated[Path, typer.Option(help="The parameter file.")] = Path("params.yaml"),
) -> None:
    """Sum the probabilities of the malignant classes, and score them; other tasks get empty plots.

    Images of classes that are neither malignant nor benign are left out and counted.
    """
    wanted = read_section(params, "evaluation", EvaluationParameters).sensitivity
    task = read_section(params, "task", TaskParameters)
    table = read_predictions(predictions)
    sides = task.find_sides(read_classes(classes).diagnoses)
    if sides is None or not all(has_both_sides(table.select(split), sides) for split in SCORED_SPLITS):
        write_metrics(metrics, {"has_malignant_side": False})
        write_plot_rows(roc, [])
        write_plot_rows(net_benefit, [])
        print(
            "there is no threshold: a class mixes diagnoses that are malignant, benign or neither, "
            "or the classes or the images of a split lack malignant or benign ones"
        )
        return

    val, test = (merge_sides(table.select(split), sides) for split in SCORED_SPLITS)
    threshold = choose_threshold(val.y_true == 1, val.y_prob[:, 1], wanted)
    num_neither = len(table.select("test").images) - len(test.images)
    scores = score_threshold(val, test, threshold)
    write_metrics(metrics, {"has_malignant_side": True, "num_neither": num_neither, **scores})
    write_plot_rows(roc, [row for row in build_roc_rows(test) if row["diagnosis"] == "malignant"])
    write_plot_rows(net_benefit, list(list_net_benefit(test.y_true == 1, test.y_prob[:, 1])))


def score_threshold(val: Predictions, test: Predictions, threshold: float) -> dict[str, Any]:
    """Return the threshold, the sensitivity that chose it on validation, and what it does on test."""
    truth, probability = test.y_true == 1, test.y_prob[:, 1]
    decisions = score_decisions(truth, probability >= threshold, test.images.group_id)
    return {
        "threshold": threshold,
        "val_sensitivity": float((val.y_prob[:, 1] >= threshold)[val.y_true == 1].mean()),
        "num_malignant": int(truth.sum()),
        "num_benign": int((~truth).sum()),
        **list_estimates(decisions),
    }


def has_both_sides(predictions: Predictions, sides: Sequence[bool | None]) -> bool:
    """Return whether there are both malignant and benign images."""
    return {True, False} <= {sides[code] for code in predictions.y_true}


if __name__ == "__main__":
    run_stage(main)
