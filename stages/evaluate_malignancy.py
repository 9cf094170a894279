"""Choose the threshold for malignancy on validation, and score decisions on the test images and other datasets.

    python -m stages.evaluate_malignancy --code data/code/evaluate_malignancy.json --model resnet18
        --predictions data/predictions/resnet18.csv --classes data/classes.json --metadata data/metadata.csv
        --metrics metrics --plots plots

The 1,196 test images of HAM10000 take about ten seconds.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from lesions.evaluation.binary_calibration import list_calibration_curve
from lesions.evaluation.curves import build_roc_rows
from lesions.evaluation.decisions import call_at, merge_sides
from lesions.evaluation.net_benefit import list_net_benefit
from lesions.evaluation.operating_point import (
    MALIGNANT,
    list_diagnosis_decisions,
    list_malignancy_decisions,
    list_predictive_values,
    read_decisions,
    score_external_decisions,
    summarise_operating_point,
    summarise_threshold,
)
from lesions.evaluation.parameters import EvaluationParameters
from lesions.evaluation.seal import SEALED, SENTENCE, is_sealed
from lesions.evaluation.thresholds import choose_threshold
from lesions.formats.json_file import PlotRows, write_metrics, write_plot_rows
from lesions.parameters.section import read_section
from lesions.stage.run import run_stage
from lesions.tables.classes import read_classes
from lesions.tables.metadata import read_metadata
from lesions.tables.paths import ModelPaths, PlotName
from lesions.tables.predictions import Predictions, read_predictions
from lesions.tables.splits import EXTERNAL, SCORED_SPLITS
from lesions.tables.task import TaskParameters

PLOTS: tuple[PlotName, ...] = (
    "malignancy_roc",
    "malignancy_calibration",
    "net_benefit",
    "predictive_values",
    "decisions",
)


def main(
    model: Annotated[str, typer.Option(help="The name of the model.")],
    predictions: Annotated[Path, typer.Option(help="The model's calibrated predictions.")],
    classes: Annotated[Path, typer.Option(help="Classes and their diagnoses.")],
    metadata: Annotated[Path, typer.Option(help="Validated metadata, one row per image.")],
    metrics: Annotated[Path, typer.Option(help="Written in this folder: <model>/malignancy.json and others.")],
    plots: Annotated[Path, typer.Option(help="Written in this folder: <model>/, the rows of its plots.")],
    params: Annotated[Path, typer.Option(help="The parameter file.")] = Path("params.yaml"),
) -> None:
    """Score each diagnosis against the rest, and the sum of the malignant classes at a threshold.

    Images of classes that are neither malignant nor benign are left out of malignancy and counted. Tasks without a
    malignant side have no threshold. While the test images are sealed, only the threshold is written.
    """
    parameters = read_section(params, "evaluation", EvaluationParameters)
    task = read_section(params, "task", TaskParameters)
    paths = ModelPaths(model, metrics=metrics, plots=plots)
    table = read_predictions(predictions).with_metadata(read_metadata(metadata))
    sides = task.find_sides(read_classes(classes).diagnoses)
    summary: dict[str, Any] = {"has_malignant_side": False}
    external: dict[str, Any] = {}
    rows: dict[str, PlotRows] = {}
    sealed = is_sealed(table)
    needed = ("val",) if sealed else SCORED_SPLITS
    if sides is not None and all(has_both_sides(table.select(split), sides) for split in needed):
        summary, external, rows = score_at_threshold(table, sides, parameters)
    else:
        print(
            "there is no threshold: a class mixes diagnoses that are malignant, benign or neither, "
            "or the classes or the images of a split lack malignant or benign ones"
        )
    if sealed:
        summary, external = summary | SEALED, external | SEALED
        print(SENTENCE)
    else:
        rows["decisions"] = [*rows.get("decisions", []), *list_diagnosis_decisions(table.select("test"))]
    write_metrics(paths.metrics_file("malignancy"), summary)
    write_metrics(paths.metrics_file("malignancy_external"), external)
    for name in PLOTS:
        write_plot_rows(paths.plot_file(name), rows.get(name, []))


def score_at_threshold(
    table: Predictions, sides: Sequence[bool | None], parameters: EvaluationParameters
) -> tuple[dict[str, Any], dict[str, Any], dict[str, PlotRows]]:
    """Return the threshold and the metrics on test, those on other datasets, and the rows of the plots.

    Of sealed test images there is only the threshold.
    """
    merged = {split: merge_sides(table.select(split), sides) for split in (*SCORED_SPLITS, EXTERNAL)}
    val = merged["val"]
    threshold = choose_threshold(
        val.y_true == MALIGNANT, val.y_prob[:, MALIGNANT], parameters.sensitivity, val.images.group_id
    ).round_down()
    if threshold.calls_all:
        print(
            f"every image is called malignant: {threshold.num_images} malignant validation images are too few for a "
            f"threshold with an expected sensitivity of {parameters.sensitivity:g} (evaluation.sensitivity)"
        )
    val, test, external = (call_at(split, threshold.value) for split in merged.values())
    summary = {"has_malignant_side": True, **summarise_threshold(val, threshold)}
    if is_sealed(table):
        return summary, {}, {}
    truth, probability = test.y_true == MALIGNANT, test.y_prob[:, MALIGNANT]
    decisions = list(list_malignancy_decisions(test, threshold.value))
    predictive = list(
        list_predictive_values(
            read_decisions(next(row for row in decisions if row["unit"] == "image")),
            own_prevalence=float(truth.mean()),
            prevalences=parameters.prevalence,
        )
    )
    summary |= {
        "num_neither": len(table.select("test").images) - len(test.images),
        **summarise_operating_point(val, test, threshold),
        **flatten_decisions(decisions),
        **flatten_predictive_values(predictive),
    }
    rows: dict[str, PlotRows] = {
        "malignancy_roc": [row for row in build_roc_rows(test) if row["diagnosis"] == "malignant"],
        "malignancy_calibration": list(list_calibration_curve(test)),
        "net_benefit": list(list_net_benefit(truth, probability, test.images.group_id)),
        "predictive_values": predictive,
        "decisions": decisions,
    }
    return summary, score_external_decisions(external, threshold.value), rows


def flatten_decisions(rows: PlotRows) -> dict[str, Any]:
    """Return the rows of malignancy under flat names; those of lesions, patients and others begin with the unit."""
    return {
        f"{'' if row['unit'] == 'image' else row['unit'].replace(' ', '_') + '_'}{key}": value
        for row in rows
        for key, value in row.items()
        if value is not None and key not in ("called", "rule", "unit")
    }


def flatten_predictive_values(rows: PlotRows) -> dict[str, float]:
    """Return PPV and NPV at the stated prevalences under flat names."""
    return {
        f"{row['score']}_at_{row['prevalence']:g}{suffix}": row[key]
        for row in rows
        if not row["of_test"]
        for suffix, key in (("", "value"), ("_low", "low"), ("_high", "high"))
    }


def has_both_sides(predictions: Predictions, sides: Sequence[bool | None]) -> bool:
    """Return whether there are both malignant and benign images."""
    return {True, False} <= {sides[code] for code in predictions.y_true}


if __name__ == "__main__":
    run_stage(main)
