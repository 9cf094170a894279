"""The rows of the report's tables, in words."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lesions.evaluation.comparison import Comparison
from lesions.evaluation.verdict import METRIC_WORDS, spell_bounds, spell_number


def describe_model(model: str, architecture: Mapping[str, Any], trained: Mapping[str, Any]) -> dict[str, str]:
    """Return what a model is and how long it was trained.

    Parameters
    ----------
    architecture
        The section `architectures.<model>`.
    trained
        What `metrics/<model>/train.json` says.
    """
    starts = {"none": "random", "imagenet": "ImageNet"}
    weights = architecture.get("weights", "none")
    return {
        "model": model,
        "backbone": architecture["backbone"],
        # A file goes by its name: where it lies is nobody else's business.
        "starts from": starts.get(weights, Path(weights).name),
        "image side": f"{architecture['size_px']} px",
        "parameters": f"{trained['num_parameters']:,}",
        "epoch kept": f"{trained['best_epoch']} of {trained['num_epochs']}",
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


def list_differences(comparison: Comparison, models: list[str], metric: str) -> list[dict[str, str]]:
    """Return a row for each pair of which one at least is a trained model: their difference in one metric."""
    return [
        {
            "pair": f"{first} − {second}",
            "difference": spell_number(found.value, signed=True),
            "interval": spell_bounds(found),
            "says": "beyond noise" if found.excludes_zero else "within noise",
        }
        for (first, second, name), found in comparison.differences.items()
        if name == metric and {first, second} & set(models)
    ]
