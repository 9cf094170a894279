"""Build the rows of the report's tables, as texts."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lesions.evaluation.comparison import Comparison
from lesions.evaluation.references import label_model
from lesions.evaluation.significance import compare_pairs
from lesions.evaluation.verdict import METRIC_WORDS, spell_bounds, spell_estimate, spell_number, spell_p
from lesions.networks.parameters import PRETRAINED_HERE, AnyArchitecture, PretrainableParameters
from lesions.report.inputs import ExternalScores, TrainSummary
from lesions.tables.predictions import Predictions


def describe_model(model: str, architecture: AnyArchitecture, trained: TrainSummary) -> dict[str, str]:
    """Return a model's row: its architecture and the length of its training."""
    starts = {"none": "random", "imagenet": "ImageNet", PRETRAINED_HERE: "self-supervised pretraining"}
    weights = architecture.weights if isinstance(architecture, PretrainableParameters) else "none"
    licence = f", licence {trained.weights_licence}" if trained.weights_licence else ""
    return {
        "model": model,
        "backbone": architecture.backbone,
        # Only the name of a file: its folder may be private.
        "starts from": starts.get(weights, Path(weights).name) + licence,
        "image size": f"{architecture.size_px} px",
        "parameters": f"{trained.num_parameters:,}",
        "epoch kept": f"{trained.best_epoch} of {trained.num_epochs}",
    }


def list_scores(comparison: Comparison, metric: str, code_names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return one row per model: the deciding metric on validation, and the score and interval of each on test.

    Parameters
    ----------
    code_names
        The code name of each model, by the name to show; baselines and probes have only one.
    """
    return [
        {
            "model": label_model(model),
            "code_name": code_names.get(model, model),
            "validation": spell_number(comparison.on_validation[model, metric])
            if (model, metric) in comparison.on_validation
            else "",
            "scores": {
                METRIC_WORDS[name]: (spell_number(estimate.value), spell_bounds(estimate))
                for name in comparison.metrics
                for estimate in [comparison.scores[model, name]]
            },
        }
        for model in comparison.models
    ]


def list_external(model: str, external: Mapping[str, ExternalScores]) -> list[dict[str, str]]:
    """Return one row per other dataset on which the model was scored: its balanced accuracy, and the loss."""
    return [
        {
            "model": model,
            "dataset": source,
            "images": f"{scores.num_images:,} of {scores.num_groups:,} groups",
            "shared classes": f"{scores.num_classes}",
            "balanced accuracy on it": spell_estimate(scores.balanced_accuracy),
            "on own test images": spell_estimate(scores.own_balanced_accuracy),
            "loss": spell_estimate(scores.balanced_accuracy_lost, signed=True),
        }
        for source, scores in external.items()
    ]


def list_tests(models: Mapping[str, Predictions]) -> list[dict[str, str]]:
    """Return one row per pair of trained models: the sign test of groups, and DeLong for the ROC AUC, after Holm."""
    return [
        {
            "pair": f"{first}, {second}",
            "more right": f"{hits.first_only}, {hits.second_only}",
            "sign test": spell_p(hits.p_value),
            "difference": spell_number(areas.difference, signed=True),
            "delong": spell_p(areas.p_value),
        }
        for (first, second), (hits, areas) in compare_pairs(models).items()
    ]


def list_differences(comparison: Comparison, models: list[str], metric: str) -> list[dict[str, str]]:
    """Return one row per pair with at least one trained model: their difference in one metric."""
    return [
        {
            "pair": f"{label_model(first)} − {label_model(second)}",
            "difference": spell_number(difference.value, signed=True),
            "interval": spell_bounds(difference),
            "p": spell_p(difference.p_holm),
            "says": "significant" if difference.is_beyond_noise else "not significant",
        }
        for (first, second, name), difference in comparison.differences.items()
        if name == metric and {first, second} & set(models)
    ]
