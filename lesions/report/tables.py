"""The rows of the report's tables, in words."""

from collections.abc import Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

from lesions.evaluation.comparison import Comparison
from lesions.evaluation.interval import Estimate
from lesions.evaluation.significance import compare_pair, correct_after_holm
from lesions.evaluation.verdict import METRIC_WORDS, spell_bounds, spell_number
from lesions.networks.parameters import AnyArchitecture, TorchvisionParameters
from lesions.report.inputs import ExternalScores, TrainSummary
from lesions.tables.predictions import Predictions


def describe_model(model: str, architecture: AnyArchitecture, trained: TrainSummary) -> dict[str, str]:
    """Return what a model is and how long it was trained."""
    starts = {"none": "random", "imagenet": "ImageNet"}
    weights = architecture.weights if isinstance(architecture, TorchvisionParameters) else "none"
    return {
        "model": model,
        "backbone": architecture.backbone,
        # A file goes by its name: where it lies is nobody else's business.
        "starts from": starts.get(weights, Path(weights).name),
        "image side": f"{architecture.size_px} px",
        "parameters": f"{trained.num_parameters:,}",
        "epoch kept": f"{trained.best_epoch} of {trained.num_epochs}",
    }


def list_scores(comparison: Comparison) -> list[dict[str, Any]]:
    """Return a row for each model: of each metric the score, and its interval."""
    return [
        {
            "model": model,
            "scores": {
                METRIC_WORDS[metric]: (f"{found.value:.3f}", f"{found.low:.3f} – {found.high:.3f}")
                for metric in comparison.metrics
                for found in [comparison.scores[model, metric]]
            },
        }
        for model in comparison.models
    ]


def list_external(model: str, external: Mapping[str, ExternalScores]) -> list[dict[str, str]]:
    """Return a row for each other dataset that the model was scored on: its balanced accuracy, and what was lost."""

    def spell_score(estimate: Estimate, *, signed: bool = False) -> str:
        return f"{spell_number(estimate.value, signed=signed)} ({spell_bounds(estimate)})"

    return [
        {
            "model": model,
            "dataset": source,
            "images": f"{found.num_images:,} of {found.num_groups:,} groups",
            "classes": f"{found.num_classes}",
            "there": spell_score(found.balanced_accuracy),
            "here": spell_score(found.own_balanced_accuracy),
            "lost": spell_score(found.balanced_accuracy_lost, signed=True),
        }
        for source, found in external.items()
    ]


def list_tests(models: Mapping[str, Predictions]) -> list[dict[str, str]]:
    """Return a row for each pair of trained models: exact McNemar over groups, and DeLong for the ROC AUC.

    The p-values are corrected after Holm where there are several pairs.
    """
    pairs = list(combinations(models, 2))
    tests = [compare_pair(models[first], models[second]) for first, second in pairs]
    p_hits = correct_after_holm([hit.p_value for hit, _ in tests])
    p_areas = correct_after_holm([area.p_value for _, area in tests])
    return [
        {
            "pair": f"{first}, {second}",
            "more right": f"{hit.first_only}, {hit.second_only}",
            "mcnemar": spell_p(p_hit),
            "difference": spell_number(area.difference, signed=True),
            "delong": spell_p(p_area),
        }
        for (first, second), (hit, area), p_hit, p_area in zip(pairs, tests, p_hits, p_areas, strict=True)
    ]


def spell_p(p_value: float) -> str:
    """Return a p-value with three decimals, or that it is less than any of them."""
    return f"{p_value:.3f}" if p_value >= 0.001 else "< 0.001"


def list_differences(comparison: Comparison, models: list[str], metric: str) -> list[dict[str, str]]:
    """Return a row for each pair of which one at least is a trained model: their difference in one metric."""
    return [
        {
            "pair": f"{first} − {second}",
            "difference": spell_number(found.value, signed=True),
            "interval": spell_bounds(found),
            "says": "beyond noise" if found.is_beyond_noise else "within noise",
        }
        for (first, second, name), found in comparison.differences.items()
        if name == metric and {first, second} & set(models)
    ]
