"""Choose the plots of the report, and the sentence below each."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from lesions.evaluation.comparison import Comparison
from lesions.evaluation.ranking import compute_average_precision, compute_roc_area
from lesions.evaluation.verdict import METRIC_WORDS, spell_interval
from lesions.formats.json_file import PlotRows
from lesions.report import pictures, sentences
from lesions.report.page import Picture, embed_figure
from lesions.report.pictures import choose_looks
from lesions.tables.predictions import Predictions


def build_overview_pictures(
    comparison: Comparison,
    models: Mapping[str, Predictions],
    baselines: list[str],
    probes: list[str],
    metric: str,
    rows: Mapping[str, PlotRows],
) -> Iterator[Picture]:
    """Build the pictures that compare all models.

    Parameters
    ----------
    models
        Predictions of the test images.
    rows
        The rows of the plots `f1`, `shares`, `roc` and `precision_recall`.
    """
    looks = choose_looks([*models, *baselines, *probes])
    ranked = {name: look for name, look in looks.items() if name not in probes}
    num_classes = len(np.unique(next(iter(models.values())).y_true))
    chance = {"balanced_accuracy": 1 / num_classes, "macro_roc_auc": 0.5}.get(metric)
    first, *_ = comparison.rank(list(looks), metric)
    best = comparison.scores[first, metric]
    yield embed_figure(
        "All models",
        pictures.plot_scores(comparison, looks, metric, chance),
        f"{first} has the highest {METRIC_WORDS[metric]}, {best.value:.3f} ({spell_interval(best)}). "
        "The lines are 95 % intervals.",
    )
    yield embed_figure("Each diagnosis", pictures.plot_f1(rows["f1"], looks), sentences.describe_f1(models))
    shares = rows["shares"]
    yield embed_figure("Class balance", pictures.plot_class_balance(shares), sentences.describe_class_balance(shares))
    if rows["roc"]:  # there is no curve if all test images have one diagnosis
        words = ("1 − specificity", "sensitivity")
        yield embed_figure(
            "ROC",
            pictures.plot_curves(rows["roc"], ranked, x="false_positive_rate", y="sensitivity", words=words),
            sentences.describe_ranking(models, "area under the ROC curve", compute_roc_area),
        )
        words = ("recall", "precision")
        yield embed_figure(
            "Precision and recall",
            pictures.plot_curves(rows["precision_recall"], ranked, x="recall", y="precision", words=words),
            sentences.describe_ranking(models, "average precision", compute_average_precision),
        )


def build_training_picture(model: str, history: PlotRows, trained: Mapping[str, Any]) -> Picture:
    """Build the picture of one model's training history.

    Parameters
    ----------
    trained
        The content of `metrics/<model>/train.json`.
    """
    return embed_figure(
        f"Training of {model}",
        pictures.plot_training(history, trained["best_epoch"]),
        sentences.describe_training(model, history, trained),
    )


def build_confusion_picture(model: str, predictions: Predictions) -> Picture:
    """Build the picture of one model's confusion matrix."""
    return embed_figure(
        f"Confusion of {model}",
        pictures.plot_confusion(predictions),
        sentences.describe_confusion(model, predictions),
    )
