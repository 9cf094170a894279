"""Describe what each plot of the report shows, in sentences computed from the run."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lesions.datasets.merged_words import describe_merged_words
from lesions.drawing.style import spell
from lesions.evaluation.curves import one_against_rest
from lesions.evaluation.scores import count_confusion, score_classes
from lesions.formats.json_file import PlotRows
from lesions.report.inputs import CopyCounts, Generalisation, Mistake, RunCounts, SplitSummary, TrainSummary
from lesions.tables.predictions import Predictions


def describe_class_balance(shares: PlotRows) -> str:
    """Name the most frequent and the rarest diagnosis, and their shares."""
    counts = pd.DataFrame(shares).groupby("diagnosis").num_images.sum().sort_values()
    parts = counts / counts.sum()
    return (
        f"{spell(counts.index[-1]).capitalize()} is {parts.iloc[-1]:.1%} of the images and "
        f"{spell(counts.index[0])} {parts.iloc[0]:.1%}: a ratio of {counts.iloc[-1] / counts.iloc[0]:.0f} to 1."
    )


TESTED_BY = {
    "shares": "",
    "fold": "The test images are one of several folds; each image is a test image in one of them. ",
    "list": "The test images are those of a published list. ",
}


def describe_split(split: SplitSummary) -> str:
    """Describe what the split keeps together, which leak that prevents, and how close its shares are."""
    tested = TESTED_BY[split.tested_by]
    if split.num_siblings_of_listed_dropped:
        tested += (
            f"{split.num_siblings_of_listed_dropped:,} other images of their patients or lesions were left out. "
        )
    image_wise = split.image_wise_leaked_test_share
    worst = max(sorted(image_wise.keys() - {"all"}), key=lambda name: image_wise[name])
    otherwise = "With the list alone" if split.tested_by == "list" else "With a split image by image"
    prevented = (
        f"{otherwise}, {image_wise['all']:.1%} of the test images would have a sibling in training, that is, an "
        f"image of the same patient or lesion; for {spell(worst)}, {image_wise[worst]:.1%}."
    )
    shares = (
        f"The shares of the diagnoses differ from the requested ones by at most {split.worst_share_deviation:.3f}."
    )
    if split.leaked_test_share:
        leaked = f"{split.leaked_test_share:.1%} of the test images have a sibling in training."
        return f"{tested}{leaked} {prevented} {shares}"
    identifiers = split.grouped_by.replace("patient_id", "patient").replace("lesion_id", "lesion")
    whole = f"No {identifiers.replace(' and ', ' and no ')} named in the data" if identifiers else "No image"
    return f"{tested}{whole} is in two splits. {prevented} Here none has one. {shares}"


def describe_merged(counts: RunCounts) -> str:
    """Say which words of the data became one diagnosis; nothing if none did."""
    lines = describe_merged_words(counts.merged_words)
    return f"Several words of the data are one diagnosis here: {'; '.join(lines)}." if lines else ""


def describe_copies(copies: CopyCounts, split: SplitSummary) -> str:
    """Describe how many copies there are, and how many were left out because their diagnoses differ."""
    exact, near = copies.num_exact_pairs, copies.num_near_pairs
    untied = copies.num_pairs_without_shared_identifier
    if not exact + near:
        return "No two images are copies of each other, neither identical nor altered."
    sentence = (
        f"Pairs of files with identical bytes: {exact:,}. Pairs of altered copies: {near:,}. "
        f"Of all these pairs, {untied:,} have no patient or lesion in common in the data."
    )
    if not split.leaked_test_share:
        sentence += " No pair is in two splits."
    if split.num_conflicting_images_dropped:
        sentence += (
            f" {split.num_conflicting_images_dropped:,} images were left out because a copy has another diagnosis."
        )
    return sentence


def describe_training(model: str, history: PlotRows, trained: TrainSummary) -> str:
    """Name the epoch that was kept, and its macro F1 in training and validation."""
    table = pd.DataFrame(history)
    best, last = trained.best_epoch, trained.num_epochs
    train, val = (table[(table.epoch == best) & (table.split == split)].macro_f1.item() for split in ("train", "val"))
    sentence = (
        f"The weights of {model} after epoch {best} of {last} were kept, with a macro F1 of {val:.3f} on validation "
        f"and {train:.3f} on augmented training images."
    )
    if best == last > 1:
        sentence += " The last epoch was the best: a longer schedule may be better."
    return sentence


OVERFIT = 0.1
"""The loss of balanced accuracy from training to validation above which the report says that a model overfits."""


def describe_generalisation(model: str, scores: Generalisation) -> str:
    """Describe the scores on training, validation and test images, and whether the model overfits."""
    train, val = scores.train_balanced_accuracy, scores.val_balanced_accuracy
    test = scores.test_balanced_accuracy
    sentence = (
        f"{model} has a balanced accuracy of {train:.3f} on training, {val:.3f} on validation, {test:.3f} on test."
    )
    if train - val > OVERFIT:
        return f"{sentence} It scores {train - val:.3f} higher on training than on validation: it overfits."
    return f"{sentence} It scores hardly higher on training than on validation: it does not overfit."


def describe_confusion(model: str, predictions: Predictions) -> str:
    """Describe how many images are misclassified, and which mistake is the most frequent."""
    K, N = len(predictions.classes), len(predictions.y_true)
    confusion = count_confusion(predictions.y_true, predictions.y_pred, K)
    support = confusion.sum(axis=1)
    np.fill_diagonal(confusion, 0)
    num_wrong = int(confusion.sum())
    if num_wrong == 0:
        return f"{model} classifies all {N} test images correctly."
    # Of equally frequent mistakes, choose the one with the larger share of its true diagnosis.
    weight = confusion + confusion / (1 + support[:, None])
    true, guess = np.unravel_index(weight.argmax(), confusion.shape)
    number = confusion[true, guess]
    return (
        f"{model} misclassifies {num_wrong} of {N} test images. The most frequent mistake is "
        f"{spell(predictions.classes[true])} misclassified as {spell(predictions.classes[guess])}: "
        f"{number} of {support[true]}. The shade is the share of the true diagnosis."
    )


def describe_f1(models: Mapping[str, Predictions]) -> str:
    """Name the hardest and the easiest diagnosis, by the F1 of the best model on each."""
    first = next(iter(models.values()))
    scores = [
        score_classes(predictions.y_true, predictions.y_pred, len(predictions.classes))
        for predictions in models.values()
    ]
    support = scores[0].support
    present = np.flatnonzero(support)
    best = np.stack([classes.f1[present] for classes in scores]).max(axis=0)
    hardest, easiest = present[best.argmin()], present[best.argmax()]
    return (
        f"The hardest diagnosis is {spell(first.classes[hardest])} ({support[hardest]} test images): no trained "
        f"model has an F1 above {best.min():.3f}. The easiest is {spell(first.classes[easiest])}, with an F1 of up "
        f"to {best.max():.3f}."
    )


def describe_ranking(
    models: Mapping[str, Predictions], words: str, area: Callable[[NDArray[np.bool_], NDArray[np.float64]], float]
) -> str:
    """Name the diagnosis with the smallest area under the curve, for each model.

    Parameters
    ----------
    words
        The name of the area.
    area
        Computes the area from which images have a diagnosis (N,) and its probabilities (N,).
    """
    parts = []
    for model, predictions in models.items():
        areas = {name: area(truth, probability) for name, truth, probability in one_against_rest(predictions)}
        worst = min(areas, key=lambda name: areas[name])
        parts.append(f"{spell(worst)} for {model} ({areas[worst]:.3f})")
    return f"The diagnosis with the smallest {words} is {', '.join(parts)}."


def describe_mistakes(model: str, mistakes: Sequence[Mistake]) -> str:
    """Describe the pictures of mistakes, and how confident the model was."""
    if not mistakes:
        return f"{model} misclassifies no test image."
    probabilities = [mistake.probability for mistake in mistakes]
    return (
        f"The most confident mistakes of {model}, with probabilities from {max(probabilities):.2f} down to "
        f"{min(probabilities):.2f}. The number below each is its value in the column row of data/metadata.csv."
    )
