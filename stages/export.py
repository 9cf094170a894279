"""Write a model or an ensemble as one file that predicts without this pipeline, and check that it predicts the same.

    python -m stages.export --code data/code/export@resnet18.json --model resnet18 --images data/images.npy
        --metadata data/metadata.csv --splits data/splits.csv --classes data/classes.json --data data
        --metrics metrics

The folder `data/exports/<model>/` gets `model.onnx`, the manifest that is in it as `manifest.json` too, and
`model.int8.onnx` if int8 loses little enough. It runs on the CPU, where the file will run, and takes about as long as
predicting the test images five times: for HAM10000, by ResNet-18 at 144 px with eight views, a quarter of an hour.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray
from scipy.special import softmax

from lesions.errors import InputError
from lesions.evaluation.parameters import EvaluationParameters
from lesions.evaluation.prediction_sets import calibrate_sets
from lesions.evaluation.scores import score_predictions
from lesions.evaluation.seal import is_sealed
from lesions.exporting.acceptance import find_highest_accepted
from lesions.exporting.int8 import METRIC, describe_decision, measure_loss, predict_as, summarise_loss
from lesions.exporting.manifest import build_manifest
from lesions.exporting.members import read_members
from lesions.exporting.parity import (
    BATCH_SIZES,
    Answers,
    ExportedFile,
    check_agrees_with_table,
    check_parity,
    measure_parity,
)
from lesions.formats.atomic import atomic_folder
from lesions.formats.json_file import read_json, write_metrics
from lesions.hardware.device import set_up_device
from lesions.hardware.processors import has_vnni
from lesions.images.opening import open_images
from lesions.networks.onnx_export import OPSET, export_onnx, spell_onnx
from lesions.networks.out_of_distribution import fit_detector, score_depths
from lesions.networks.quantisation import quantise
from lesions.networks.served_network import Outputs, ServedModel
from lesions.networks.source import open_source
from lesions.parameters.exports import read_exports
from lesions.parameters.hardware import HardwareParameters
from lesions.parameters.section import read_section
from lesions.serving.manifest import PredictionSets, Score, Thresholds, spell_manifest
from lesions.serving.stream import count_in_batch
from lesions.stage.run import run_stage
from lesions.tables.calibrations import Calibration, read_calibration
from lesions.tables.classes import read_classes
from lesions.tables.metadata import read_metadata
from lesions.tables.paths import ModelPaths
from lesions.tables.predictions import Predictions, read_predictions
from lesions.tables.splits import read_split_metadata
from lesions.tables.task import TaskParameters
from lesions.tables.train_sample import draw_train_sample

Floats = NDArray[np.floating]


def main(
    code: Annotated[Path, typer.Option(help="The code that this stage reaches, from trace_code.")],
    model: Annotated[str, typer.Option(help="The name of the model or ensemble to export.")],
    images: Annotated[Path, typer.Option(help="Every decoded image, uint8 (N, H, W, 3).")],
    metadata: Annotated[Path, typer.Option(help="One validated row per image.")],
    splits: Annotated[Path, typer.Option(help="image_id, group_id, split.")],
    classes: Annotated[Path, typer.Option(help="The classes, in the order of the logits.")],
    data: Annotated[Path, typer.Option(help="Folder with the checkpoints and others; exports/ is written.")],
    metrics: Annotated[Path, typer.Option(help="Folder with the metrics; <model>/export.json is written.")],
    params: Annotated[Path, typer.Option(help="The parameter file.")] = Path("params.yaml"),
) -> None:
    """Export networks, calibration and thresholds of validation: all that predicts an image from its pixels."""
    section = read_exports(params)
    hardware = read_section(params, "hardware", HardwareParameters)
    device = set_up_device("cpu", num_threads=hardware.num_threads, numerics=hardware.numerics)
    paths, known, pixels = ModelPaths(model, data, metrics), read_classes(classes), open_images(images, params)
    members = read_members(paths, known, (images, metadata, splits, classes))
    calibration = read_calibration(paths.calibration)
    table = read_predictions(paths.predictions).with_metadata(read_metadata(metadata))
    val, checked = table.select("val"), table.select("val" if is_sealed(table) else "test")
    train_rows = draw_train_sample(read_split_metadata(metadata, splits)).row.to_numpy()

    source, num_views = open_source(pixels, device), calibration.num_views
    raw = members.see(source, find_rows(checked), num_views=num_views).logits
    reference = answer(calibration, raw)
    summary: dict[str, Any] = {"opset": OPSET}
    # The table of an ensemble has other logits of validation images: of a pool that was not fitted to them.
    if members.pool is None or not is_sealed(table):
        largest = check_agrees_with_table(reference, checked, paths.predictions)
        summary["largest_difference_from_predictions"] = largest
    in_train, in_val = (members.see(source, rows, num_views=num_views) for rows in (train_rows, find_rows(val)))
    detector = fit_detector(in_train.depths)
    malignancy = read_json(paths.metrics_file("malignancy"))
    thresholds = Thresholds(
        malignancy=malignancy.get("threshold"),
        min_confidence=section.min_confidence,
        out_of_distribution=find_highest_accepted(
            score_depths(detector, in_val.depths),
            val.images.group_id,
            section.accepted_fraction,
        ),
        sets=calibrate_thresholds(val, read_section(params, "evaluation", EvaluationParameters).set_confidence),
    )
    task = read_section(params, "task", TaskParameters)
    sides = task.find_sides(known.diagnoses) if malignancy["has_malignant_side"] else None
    manifest = build_manifest(
        paths, members, thresholds, params=params, code=code, known=known, sides=sides, calibration=calibration
    )
    network = members.build_served(pixels.shape[1], num_views=num_views)
    with named_errors(model):
        exported = export_onnx(ServedModel(network, Outputs(calibration, sides, detector)), pixels.shape[1])

    whole = spell_onnx(exported, spell_manifest(manifest))
    # Nothing holds the file that runs afterwards: with several views it takes gigabytes.
    of_file = check_file(ExportedFile(whole, manifest, pixels, hardware.num_threads), checked, reference, raw)
    summary |= {"num_bytes": len(whole), **of_file}
    files = {"model.onnx": whole, "manifest.json": spell_manifest(manifest).encode() + b"\n"}
    if section.max_drop is not None:
        with named_errors(model):
            quantised = quantise(exported, pixels, train_rows)
        int8 = ExportedFile(spell_onnx(quantised, spell_manifest(manifest)), manifest, pixels, hardware.num_threads)
        tables = [(val, answer(calibration, in_val.logits)), (checked, reference)]
        is_accepted, of_int8, scores = judge_int8(int8, tables, max_drop=section.max_drop)
        own = spell_onnx(quantised, spell_manifest(manifest.model_copy(update={"scores": scores})))
        summary |= {**of_int8, "int8_num_bytes": len(own)}
        files |= {"model.int8.onnx": own} if is_accepted else {}
    with atomic_folder(paths.export) as folder:
        for name, content in files.items():
            (folder / name).write_bytes(content)
    write_metrics(paths.metrics_file("export"), summary)
    print(f"{paths.export}: {', '.join(f'{name} of {len(content):,} bytes' for name, content in files.items())}")


@contextmanager
def named_errors(model: str) -> Iterator[None]:
    """Add the model's name to what says that its network cannot be exported."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{model}: {error}") from error


def find_rows(predictions: Predictions) -> NDArray[np.int64]:
    """Return the rows in the cache of images that have their metadata, (N,)."""
    return predictions.images.row.to_numpy()


def answer(calibration: Calibration, logits: Floats) -> Answers:
    """Return what networks say about images, from their logits (N, K) before calibration."""
    return Answers(softmax(calibration.apply(logits), axis=1), logits.argmax(axis=1))


def calibrate_thresholds(val: Predictions, confidence: float) -> PredictionSets:
    """Return the rule for prediction sets, by the function that `evaluate` uses."""
    rules = calibrate_sets(val, confidence)
    return PredictionSets(confidence=confidence, probability=tuple(rule.probability for rule in rules))


def check_file(file: ExportedFile, table: Predictions, reference: Answers, raw: Floats) -> dict[str, Any]:
    """Return how far a file is from its networks, and how many images it accepts; raise InputError if too far."""
    summary: dict[str, Any] = {"split": table.images.split.iloc[0], "num_images": len(table.y_true)}
    for batch_size in BATCH_SIZES:
        found, scores = file.run(find_rows(table), batch_size=batch_size)
        parity = measure_parity(reference, found, raw)
        check_parity(parity, num_images=len(raw), batch_size=batch_size)
        summary |= parity.summarise(batch_size)
    accepted = scores <= file.manifest.thresholds.out_of_distribution
    whole, split = predict_as(table, found), summary["split"]
    score = score_predictions(whole.y_true, whole.y_prob, y_pred=whole.y_pred)[METRIC]
    return {**summary, "accepted_fraction": float(accepted.mean()), f"{split}_{METRIC}": score}


def judge_int8(
    int8: ExportedFile, tables: Sequence[tuple[Predictions, Answers]], *, max_drop: float
) -> tuple[bool, dict[str, Any], dict[str, Score]]:
    """Return whether a file in int8 loses little enough on validation, its figures, and its scores on test images.

    Parameters
    ----------
    tables
        Validation and test images, with the answers of the networks.
    """
    losses = {}
    for table, answers in tables:
        found, _ = int8.run(find_rows(table), batch_size=count_in_batch(int8.manifest))
        losses[table.images.split.iloc[0]] = measure_loss(predict_as(table, answers), predict_as(table, found))
    is_accepted, decision = describe_decision(losses["val"][1], max_drop)
    print(f"model.int8.onnx is {decision}")
    figures: dict[str, Any] = {"int8": decision, "processor_has_vnni": has_vnni()}
    for split, (score, lost) in losses.items():
        figures |= summarise_loss(split, score, lost)
    if "test" not in losses:  # sealed
        return is_accepted, figures, {}
    score, _ = losses["test"]
    return is_accepted, figures, {METRIC: Score(value=score.value, **score.bounds)}


if __name__ == "__main__":
    run_stage(main, with_torch=True)
