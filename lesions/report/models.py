"""Read what the stages wrote of each model, and build its parts of the page: probabilities, pictures, mistakes."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lesions.evaluation.calling import describe_calling
from lesions.formats.json_file import read_json
from lesions.report.class_scores import build_class_scores_picture
from lesions.report.decision_inputs import read_malignancy
from lesions.report.gallery import build_confusion_picture, build_training_picture
from lesions.report.inputs import (
    CalibrationSummary,
    LowestSubgroup,
    Mistake,
    SubgroupRow,
    TrainSummary,
    read_reliability,
)
from lesions.report.malignancy import build_calibration_picture, build_malignancy_picture
from lesions.report.page import Picture, embed_png
from lesions.report.reliability import build_reliability_picture, list_frequencies, list_probability_scores
from lesions.report.sentences import describe_mistakes
from lesions.report.subgroups import build_subgroup_picture
from lesions.report.summary import read_rows, read_summary
from lesions.tables.paths import ModelPaths
from lesions.tables.predictions import Predictions


def describe_probabilities(paths: Sequence[ModelPaths], predictions: Mapping[str, Predictions]) -> dict[str, Any]:
    """Return what the stated probabilities are worth, and by which rule an image is called a class."""
    calibrations = {one.model: read_summary(one.metrics_file("calibration"), CalibrationSummary) for one in paths}
    return {
        "calling": describe_calling(
            predictions, shifts_prior={model: each.shifts_prior for model, each in calibrations.items()}
        ),
        "probabilities": list_probability_scores({one.model: read_reliability(one) for one in paths}, calibrations),
        "frequencies": list_frequencies(predictions),
    }


def build_training_pictures(paths: Sequence[ModelPaths]) -> Iterator[Picture]:
    """Build the picture of each network's training."""
    for one in select_networks(paths):
        yield build_training_picture(one.model, read_json(one.history), read_training(one))


def build_test_pictures(paths: Sequence[ModelPaths], predictions: Mapping[str, Predictions]) -> Iterator[Picture]:
    """Build the pictures of each model's mistakes, and of its probabilities."""
    for model, predicted in predictions.items():
        yield build_confusion_picture(model, predicted)
    for one in paths:
        yield build_class_scores_picture(one.model, read_json(one.plot_file("classes")))
        yield from build_trust_pictures(one)


def build_trust_pictures(paths: ModelPaths) -> Iterator[Picture]:
    """Build the pictures of one model's calibration, of its decisions on malignancy, and of its subgroups."""
    yield build_reliability_picture(
        paths.model,
        bins=read_json(paths.plot_file("reliability")),
        risks=read_json(paths.plot_file("risk")),
        scores=read_reliability(paths),
    )
    malignancy = read_malignancy(paths.metrics_file("malignancy"))
    if malignancy:
        roc, net_benefit = (read_json(paths.plot_file(name)) for name in ("malignancy_roc", "net_benefit"))
        yield build_malignancy_picture(paths.model, malignancy, roc=roc, net_benefit=net_benefit)
        curve = read_json(paths.plot_file("malignancy_calibration"))
        yield build_calibration_picture(paths.model, malignancy, curve)
    subgroups = read_rows(paths.plot_file("subgroups"), SubgroupRow)
    if subgroups:
        lowest = read_summary(paths.metrics_file("subgroups"), LowestSubgroup)
        yield build_subgroup_picture(paths.model, subgroups, lowest)


def select_networks(paths: Sequence[ModelPaths]) -> list[ModelPaths]:
    """Return those that are no ensembles, and so have a training of their own."""
    return [one for one in paths if not one.metrics_file("ensemble").is_file()]


def read_training(paths: ModelPaths) -> TrainSummary:
    """Read the summary of one model's training."""
    return read_summary(paths.metrics_file("train"), TrainSummary)


def read_mistakes(paths: ModelPaths) -> dict[str, Any]:
    """Read the pictures of one model's mistakes, and describe them."""
    mistakes = read_rows(paths.mistakes, Mistake)
    return {
        "model": paths.model,
        "sentence": describe_mistakes(paths.model, mistakes),
        "pictures": [
            mistake.model_dump() | {"source": embed_png((paths.pictures / mistake.picture).read_bytes())}
            for mistake in mistakes
        ],
    }
