"""Choose the plots of the report, and the sentence below each."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from lesions.evaluation.comparison import Comparison
from lesions.evaluation.evidence import NUM_SIDES
from lesions.evaluation.mistakes import find_gravest
from lesions.evaluation.ranking import compute_average_precision, compute_roc_area
from lesions.evaluation.verdict import METRIC_WORDS, describe_choice
from lesions.formats.json_file import PlotRows
from lesions.report import pictures, sentences
from lesions.report.data_sentences import describe_class_balance
from lesions.report.inputs import OverviewRows, TrainSummary
from lesions.report.page import Picture, embed_figure
from lesions.report.pictures import ModelStyle, choose_styles
from lesions.tables.predictions import Predictions

SIDES = {"benign", "malignant"}


def build_overview_pictures(
    comparison: Comparison,
    models: Mapping[str, Predictions],
    rows: OverviewRows,
    *,
    baselines: list[str],
    probes: list[str],
    metric: str,
) -> Iterator[Picture]:
    """Build the pictures that compare all models.

    Parameters
    ----------
    models
        Predictions of the test images.
    """
    styles = choose_styles([*models, *baselines, *probes])
    num_classes = len(np.unique(next(iter(models.values())).y_true))
    chance = {"balanced_accuracy": 1 / num_classes, "macro_roc_auc": 0.5}.get(metric)
    yield build_scores_picture(comparison, styles, models=list(models), metric=metric, chance=chance)
    yield embed_figure(
        "Each diagnosis",
        pictures.plot_f1(rows.f1, styles),
        sentences.describe_f1(models),
        alt="One line per diagnosis: a mark for the F1 of each model, from 0 to 1.",
    )
    if rows.roc:  # there is no curve if all test images have one diagnosis
        yield from build_curve_pictures(
            models, rows, {name: style for name, style in styles.items() if name not in probes}
        )


def build_balance_picture(shares: PlotRows) -> Picture:
    """Build the picture of the images of each diagnosis in each split."""
    return embed_figure(
        "Class balance",
        pictures.plot_class_balance(shares),
        describe_class_balance(shares),
        alt="One line per diagnosis: the number of images in training, validation and test, on a logarithmic axis.",
    )


def build_scores_picture(
    comparison: Comparison,
    styles: Mapping[str, ModelStyle],
    *,
    models: Sequence[str],
    metric: str,
    chance: float | None,
) -> Picture:
    """Build the picture of one metric of all models, and name the best of the trained ones."""
    return embed_figure(
        "All models",
        pictures.plot_scores(comparison, styles, metric=metric, chance=chance),
        f"{describe_choice(comparison, models, metric=metric)} The lines are 95 % intervals.",
        alt=f"One line per model: its {METRIC_WORDS[metric]} on test images as a mark, its 95 % interval as a line."
        + (" A dotted line is chance." if chance is not None else ""),
    )


def build_curve_pictures(
    models: Mapping[str, Predictions], rows: OverviewRows, styles: Mapping[str, ModelStyle]
) -> Iterator[Picture]:
    """Build the pictures of the ROC curves, and of the curves of precision and recall.

    Of two classes one ROC curve is drawn. That of benign and malignant has a picture of its own, with the operating
    point.
    """
    classes = next(iter(models.values())).classes
    if {*classes} != SIDES:
        drawn = _list_diagnoses(rows.roc)
        if len(classes) == NUM_SIDES:
            drawn = [find_gravest(classes) or drawn[0]]
        words = ("1 − specificity", "sensitivity")
        yield embed_figure(
            "ROC",
            pictures.plot_curves(rows.roc, styles, drawn, x="false_positive_rate", y="sensitivity", words=words),
            sentences.describe_ranking(models, drawn, "area under the ROC curve", compute_roc_area),
            alt="One square per diagnosis: sensitivity by 1 − specificity, one curve per model.",
        )
    drawn, words = _list_diagnoses(rows.precision_recall), ("recall", "precision")
    yield embed_figure(
        "Precision and recall",
        pictures.plot_curves(rows.precision_recall, styles, drawn, x="recall", y="precision", words=words),
        sentences.describe_ranking(models, drawn, "average precision", compute_average_precision),
        alt="One square per diagnosis: precision by recall, one curve per model.",
    )


def _list_diagnoses(rows: PlotRows) -> list[str]:
    return sorted({row["diagnosis"] for row in rows})


def build_training_picture(model: str, history: PlotRows, trained: TrainSummary) -> Picture:
    """Build the picture of one model's training history."""
    return embed_figure(
        f"Training of {model}",
        pictures.plot_training(history, trained.best_epoch),
        sentences.describe_training(model, history, trained),
        alt="Left the loss, right the macro F1 after each epoch, in training and validation; a dotted line is the "
        "epoch that was kept.",
    )


def build_confusion_picture(model: str, predictions: Predictions) -> Picture:
    """Build the picture of one model's confusion matrix."""
    return embed_figure(
        f"Confusion of {model}",
        pictures.plot_confusion(predictions),
        sentences.describe_confusion(model, predictions),
        alt="A table with one line per true and one column per predicted diagnosis: numbers of images, darker for a "
        "larger share of the line.",
    )
