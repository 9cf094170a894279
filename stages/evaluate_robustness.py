"""Predict altered test images with one network, and score what it loses on them.

    python -m stages.evaluate_robustness --code data/code/evaluate_robustness@resnet18.json --model resnet18
        --checkpoint data/checkpoints/resnet18.safetensors --calibration data/calibrations/resnet18.json
        --predictions data/predictions/resnet18.csv --images data/images.npy --metadata data/metadata.csv
        --splits data/splits.csv --classes data/classes.json --malignancy metrics/resnet18/malignancy.json
        --metrics metrics/resnet18/robustness.json --plot plots/resnet18/robustness.json

An image is predicted in as many views as `evaluation.num_views` says, because the calibration and the threshold were
chosen for the mean over these views. All nine corruptions at all five strengths are 53,820 predictions of the 1,196
test images of HAM10000: with ResNet-18 at 128 px about ten minutes of one core, and with eight views over an hour.
Choose fewer `robustness.strengths`, or a GPU. Altering the images takes a minute of these, the intervals seconds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from lesions.evaluation.robustness import (
    Robustness,
    list_robustness_rows,
    measure_accuracy,
    measure_sensitivity,
    summarise_robustness,
)
from lesions.evaluation.seal import SENTENCE, is_sealed, write_sealed
from lesions.evaluation.thresholds import calls_all
from lesions.evaluation.verdict import spell_bounds, spell_number
from lesions.formats.json_file import DECIMALS, read_json, write_metrics, write_plot_rows
from lesions.hardware.device import set_up_device
from lesions.images.opening import open_images
from lesions.networks.checkpoint import read_checkpoint
from lesions.networks.checkpoint_checks import check_checkpoint, check_classes, check_finite
from lesions.networks.corrupted_source import CorruptedImages
from lesions.networks.inference import predict_outputs
from lesions.networks.source import open_source
from lesions.parameters.hardware import HardwareParameters
from lesions.parameters.section import read_section
from lesions.stage.progress import show_progress
from lesions.stage.run import run_stage
from lesions.stage.tables import print_table
from lesions.tables.calibrations import read_calibration
from lesions.tables.classes import read_classes
from lesions.tables.metadata import read_metadata
from lesions.tables.predictions import Predictions, read_predictions
from lesions.tables.task import TaskParameters
from lesions.transforms.conditions import Condition, RobustnessParameters, list_conditions
from lesions.transforms.preprocessing import Preprocessing


def main(
    model: Annotated[str, typer.Option(help="The name of the model.")],
    checkpoint: Annotated[Path, typer.Option(help="The trained network.")],
    calibration: Annotated[Path, typer.Option(help="The calibration of its logits.")],
    predictions: Annotated[Path, typer.Option(help="Its calibrated predictions of the images as they are.")],
    images: Annotated[Path, typer.Option(help="Every decoded image, uint8 (N, H, W, 3).")],
    metadata: Annotated[Path, typer.Option(help="One validated row per image.")],
    splits: Annotated[Path, typer.Option(help="image_id, group_id, split.")],
    classes: Annotated[Path, typer.Option(help="The classes, in the order of the logits.")],
    malignancy: Annotated[Path, typer.Option(help="The threshold for malignancy, chosen on validation.")],
    metrics: Annotated[Path, typer.Option(help="Written: the worst condition of each metric.")],
    plot: Annotated[Path, typer.Option(help="Written: one row per metric, corruption and strength.")],
    params: Annotated[Path, typer.Option(help="The parameter file.")] = Path("params.yaml"),
) -> None:
    """Score the test images under each condition, unless they are sealed; nothing is chosen by it."""
    table = read_predictions(predictions)
    if is_sealed(table):
        write_sealed([metrics], [plot])
        print(SENTENCE)
        return
    asked = read_section(params, "robustness", RobustnessParameters)
    hardware = read_section(params, "hardware", HardwareParameters)
    sides = read_section(params, "task", TaskParameters).find_sides(read_classes(classes).diagnoses)
    device = set_up_device(hardware.device, num_threads=hardware.num_threads, numerics=hardware.numerics)
    network, about = read_checkpoint(checkpoint, device)
    check_checkpoint(checkpoint, about, model=model, inputs=(images, metadata, splits, classes))
    check_classes(checkpoint, about, read_classes(classes))
    fitted = read_calibration(calibration)
    source = open_source(open_images(images, params), device)
    test = table.select("test").with_metadata(read_metadata(metadata))

    def predict(condition: Condition) -> Predictions:
        outputs = predict_outputs(
            network,
            CorruptedImages(source, condition),
            test.images.row.to_numpy(),
            preprocessing=Preprocessing(about.architecture.size_px, about.mean, about.std),
            num_views=fitted.num_views,
        )
        check_finite(checkpoint, outputs)
        # Rounded as those of the unaltered images are in their file.
        return replace(test, logits=fitted.apply(outputs).round(DECIMALS), called=outputs.argmax(axis=1))

    conditions = list_conditions(asked.corruptions, asked.strengths)
    tasks = show_progress(conditions, "conditions predicted", total=len(conditions))
    altered = {condition: predict(condition) for condition in tasks}
    found = compare_with_unaltered(test, altered, sides=sides, threshold=read_json(malignancy).get("threshold"))
    write_metrics(metrics, summarise_robustness(found))
    write_plot_rows(plot, list_robustness_rows(found))
    print_changes(found)


def compare_with_unaltered(
    test: Predictions,
    altered: Mapping[Condition, Predictions],
    *,
    sides: Sequence[bool | None] | None,
    threshold: float | None,
) -> list[Robustness]:
    """Compare the balanced accuracy, and the sensitivity for malignancy if the run has a threshold for it."""
    if not altered:
        print("the test images are not altered, because robustness.corruptions is empty")
        return []
    accuracy = measure_accuracy(test, altered)
    if sides is None or threshold is None or calls_all(threshold):
        print(
            "the sensitivity for malignancy is not computed, because there is no threshold for malignancy, or it "
            "calls every image malignant"
        )
        return [accuracy]
    return [accuracy, measure_sensitivity(test, altered, sides=sides, threshold=threshold)]


def print_changes(found: Sequence[Robustness]) -> None:
    """Print the change of each metric by corruption and strength, and the worst of all."""
    for one in found:
        words = one.metric.replace("_", " ")
        strengths = sorted({change.condition.strength for change in one.changes})
        table = Table(words, *(f"strength {strength}" for strength in strengths), box=None, padding=(0, 1, 0, 0))
        by_corruption = groupby(one.changes, key=lambda change: change.condition.corruption)
        for corruption, changes in by_corruption:
            table.add_row(corruption, *(spell_number(change.difference.value, signed=True) for change in changes))
        print_table(table)
        print(describe_worst(one))


def describe_worst(found: Robustness) -> str:
    """Say under which condition a metric is lowest beside the unaltered images, and how sure that is."""
    words, condition = found.metric.replace("_", " "), found.worst.condition
    if found.worst_difference.value >= 0:
        return f"the {words} falls under none of {len(found.changes)} conditions"
    return (
        f"the {words} falls most under {condition.name} ({condition.setting}): from {found.value:.3f} to "
        f"{found.worst.value:.3f} (95 % interval of the difference, for the worst of {len(found.changes)}: "
        f"{spell_bounds(found.worst_difference)}); it is significantly lower under {found.num_beyond_noise} of them"
    )


if __name__ == "__main__":
    run_stage(main, with_torch=True)
