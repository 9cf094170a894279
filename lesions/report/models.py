"""Read what the stages wrote of each model, and build its parts of the page: probabilities, pictures, mistakes."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lesions.drawing.style import spell
from lesions.evaluation.calling import describe_calling
from lesions.evaluation.faithfulness import describe_faithfulness
from lesions.evaluation.mistakes import find_gravest
from lesions.formats.json_file import read_json
from lesions.report.class_scores import build_class_scores_picture
from lesions.report.decision_inputs import read_malignancy
from lesions.report.gallery import build_confusion_picture, build_training_picture
from lesions.report.inputs import (
    CalibrationSummary,
    Found,
    Generalisation,
    LowestSubgroup,
    Mistake,
    SubgroupRow,
    TrainSummary,
    read_reliability,
)
from lesions.report.malignancy import build_calibration_picture, build_malignancy_picture
from lesions.report.names import ReportedModel
from lesions.report.page import Picture, embed_photo
from lesions.report.reliability import build_reliability_picture, list_frequencies, list_probability_scores
from lesions.report.sentences import describe_missed, describe_mistakes
from lesions.report.subgroups import build_subgroup_picture
from lesions.report.summary import read_rows, read_summary
from lesions.tables.predictions import Predictions


def describe_probabilities(models: Sequence[ReportedModel], predictions: Mapping[str, Predictions]) -> dict[str, Any]:
    """Return what the stated probabilities are worth, and by which rule an image is called a class."""
    calibrations = {one.name: read_summary(one.metrics_file("calibration"), CalibrationSummary) for one in models}
    return {
        "calling": describe_calling(
            predictions, shifts_prior={model: each.shifts_prior for model, each in calibrations.items()}
        ),
        "probabilities": list_probability_scores({one.name: read_reliability(one) for one in models}, calibrations),
        "frequencies": list_frequencies(predictions),
    }


def build_training_pictures(models: Sequence[ReportedModel]) -> list[Picture]:
    """Build the picture of each network's training."""
    return [
        build_training_picture(one.name, read_json(one.history), read_training(one))
        for one in select_networks(models)
    ]


def build_confusion_pictures(predictions: Mapping[str, Predictions]) -> list[Picture]:
    """Build the picture of each model's confusion matrix."""
    return [build_confusion_picture(model, predicted) for model, predicted in predictions.items()]


def build_class_pictures(models: Sequence[ReportedModel]) -> list[Picture]:
    """Build the picture of each model's scores of each diagnosis."""
    return [build_class_scores_picture(one.name, read_json(one.plot_file("classes"))) for one in models]


def build_reliability_pictures(models: Sequence[ReportedModel]) -> list[Picture]:
    """Build the picture of each model's probabilities."""
    return [
        build_reliability_picture(
            one.name,
            bins=read_json(one.plot_file("reliability")),
            risks=read_json(one.plot_file("risk")),
            scores=read_reliability(one),
        )
        for one in models
    ]


def build_malignancy_pictures(models: Sequence[ReportedModel]) -> list[list[Picture]]:
    """Build the pictures of each model's decisions on malignancy, and of its probabilities of it, by kind."""
    decisions, calibrations = [], []
    for one in models:
        scores = read_malignancy(one.metrics_file("malignancy"))
        if scores:
            roc, net_benefit = (read_json(one.plot_file(name)) for name in ("malignancy_roc", "net_benefit"))
            decisions.append(build_malignancy_picture(one.name, scores, roc=roc, net_benefit=net_benefit))
            curve = read_json(one.plot_file("malignancy_calibration"))
            calibrations.append(build_calibration_picture(one.name, scores, curve))
    return [decisions, calibrations]


def build_subgroup_pictures(models: Sequence[ReportedModel]) -> Iterator[Picture]:
    """Build the picture of the subgroups of each model that has some."""
    for one in models:
        subgroups = read_rows(one.plot_file("subgroups"), SubgroupRow)
        if subgroups:
            lowest = read_summary(one.metrics_file("subgroups"), LowestSubgroup)
            malignancy = read_malignancy(one.metrics_file("malignancy"))
            whole = (
                read_summary(one.metrics_file("generalisation"), Generalisation).test_balanced_accuracy,
                malignancy.sensitivity.value if malignancy else None,
            )
            yield build_subgroup_picture(one.name, subgroups, lowest, whole)


def select_networks(models: Sequence[ReportedModel]) -> list[ReportedModel]:
    """Return those that are no ensembles, and so have a training of their own."""
    return [one for one in models if not one.metrics_file("ensemble").is_file()]


def count_kinds(models: Sequence[ReportedModel]) -> dict[str, int]:
    """Return the numbers of networks and of ensembles."""
    num_networks = len(select_networks(models))
    return {"num_networks": num_networks, "num_ensembles": len(models) - num_networks}


def read_training(model: ReportedModel) -> TrainSummary:
    """Read the summary of one model's training."""
    return read_summary(model.metrics_file("train"), TrainSummary)


def read_mistakes(model: ReportedModel, predictions: Predictions) -> dict[str, Any]:
    """Read the pictures of one model's mistakes, the missed melanomas apart, and describe both."""
    mistakes = read_rows(model.mistakes, Mistake)
    missed = [mistake for mistake in mistakes if mistake.is_missed]
    others = [mistake for mistake in mistakes if not mistake.is_missed]
    gravest = find_gravest(predictions.classes)
    return {
        "model": model.name,
        **describe_maps(model, gravest),
        "gravest": spell(gravest) if gravest else "",
        "missed_sentence": describe_missed(model.name, predictions, gravest, missed) if gravest else "",
        "missed": [_embed_mistake(model, mistake) for mistake in missed],
        "sentence": describe_mistakes(model.name, others),
        "pictures": [_embed_mistake(model, mistake) for mistake in others],
    }


def describe_maps(model: ReportedModel, gravest: str | None) -> dict[str, Any]:
    """Return what the maps of a model are worth, and the pictures of what it finds; ensembles have neither."""
    if not model.found.is_file():
        return {"maps_sentence": "", "found": []}
    summary = read_json(model.metrics_file("explain"))
    method = summary["method"]
    return {
        "maps_sentence": describe_faithfulness(method, summary)
        if method
        else f"{model.name} has no maps, because its network has no feature maps.",
        "found": [
            found.model_dump()
            | {
                "true": gravest,
                "predicted": gravest,
                "probability_of_true": found.probability,
                "source": embed_photo(model.maps / found.picture),
                "map_source": embed_photo(model.maps / found.map),
            }
            for found in read_rows(model.found, Found)
        ],
    }


def _embed_mistake(model: ReportedModel, mistake: Mistake) -> dict[str, Any]:
    drawn = model.maps / mistake.picture
    return mistake.model_dump() | {
        "source": embed_photo(model.pictures / mistake.picture),
        "map_source": embed_photo(drawn) if drawn.is_file() else "",
    }
