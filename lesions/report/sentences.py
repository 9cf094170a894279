"""What each picture of the report shows, in a sentence computed from the run."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix

from lesions.drawing.style import spell
from lesions.evaluation.curves import one_against_rest
from lesions.evaluation.scores import score_classes
from lesions.formats.json_file import PlotRows
from lesions.report.inputs import CopyCounts, Generalisation, Mistake, SplitSummary, TrainSummary
from lesions.tables.predictions import Predictions


def describe_class_balance(shares: PlotRows) -> str:
    """Say which diagnoses are the most frequent and the rarest, and by how much."""
    counts = pd.DataFrame(shares).groupby("diagnosis").num_images.sum().sort_values()
    parts = counts / counts.sum()
    return (
        f"{spell(counts.index[-1]).capitalize()} is {parts.iloc[-1]:.1%} of the images and "
        f"{spell(counts.index[0])} {parts.iloc[0]:.1%}: one image for every {counts.iloc[-1] / counts.iloc[0]:.0f}."
    )


TESTED_BY = {
    "shares": "",
    "fold": "The test images are one fold of several; each image is tested by one of them. ",
    "list": "The test images are those that a published list names. ",
}


def describe_split(split: SplitSummary) -> str:
    """Say what was kept whole, what that prevents, and how near the shares came to what was asked."""
    tested = TESTED_BY[split.tested_by]
    if split.num_siblings_of_listed_dropped:
        tested += f"{split.num_siblings_of_listed_dropped:,} others of their patients or lesions were left out. "
    image_wise = split.image_wise_leaked_test_share
    worst = max(sorted(image_wise.keys() - {"all"}), key=lambda name: image_wise[name])
    otherwise = "By the list alone" if split.tested_by == "list" else "Split image by image"
    prevented = (
        f"{otherwise}, {image_wise['all']:.1%} of the test images would have a sibling in training, an "
        f"image of the same patient or lesion; of {spell(worst)} {image_wise[worst]:.1%}."
    )
    shares = f"The share of a diagnosis is at most {split.worst_share_deviation:.3f} from the one asked for."
    if split.leaked_test_share:
        leaked = f"{split.leaked_test_share:.1%} of the test images have a sibling in training."
        return f"{tested}{leaked} {prevented} {shares}"
    identifiers = split.grouped_by.replace("patient_id", "patient").replace("lesion_id", "lesion")
    whole = f"No {identifiers.replace(' and ', ' and no ')} that the data name" if identifiers else "No image"
    return f"{tested}{whole} is on two sides of the split. {prevented} Here none has. {shares}"


def describe_copies(copies: CopyCounts, split: SplitSummary) -> str:
    """Say how many copies there are, and what was done with those that contradict each other."""
    exact, near = copies.num_exact_pairs, copies.num_near_pairs
    untied = copies.num_pairs_without_shared_identifier
    if not exact + near:
        return "No two images are copies of each other, of the same bytes or altered."
    sentence = (
        f"Pairs of files with the same bytes: {exact:,}. Pairs that show the same picture altered: {near:,}. "
        f"Of these, {untied:,} have no common patient or lesion that the data name."
    )
    if not split.leaked_test_share:
        sentence += " No pair is on two sides of the split."
    if split.num_conflicting_images_dropped:
        sentence += (
            f" {split.num_conflicting_images_dropped:,} images with a copy of another diagnosis were left out."
        )
    return sentence


def describe_training(model: str, history: PlotRows, trained: TrainSummary) -> str:
    """Say which epoch was kept, and how far training and validation were apart in it."""
    table = pd.DataFrame(history)
    best, last = trained.best_epoch, trained.num_epochs
    train, val = (table[(table.epoch == best) & (table.split == split)].macro_f1.item() for split in ("train", "val"))
    sentence = (
        f"{model} was kept as it was after epoch {best} of {last}, at a macro F1 of {val:.3f} on validation and "
        f"{train:.3f} on augmented training images."
    )
    if best == last > 1:
        sentence += " The last epoch was the best: a longer schedule may do better."
    return sentence


OVERFIT = 0.1
"""A loss of balanced accuracy from training to validation that the report calls overfitting."""


def describe_generalisation(model: str, scores: Generalisation) -> str:
    """Say what is lost from training to validation to test at the kept epoch, and what that means."""
    train, val = scores.train_balanced_accuracy, scores.val_balanced_accuracy
    test = scores.test_balanced_accuracy
    sentence = (
        f"{model} has a balanced accuracy of {train:.3f} on training, {val:.3f} on validation, {test:.3f} on test."
    )
    if train - val > OVERFIT:
        return f"{sentence} It knows its training images better than others, by {train - val:.3f}: it overfits."
    return f"{sentence} It hardly knows its training images better than others: it does not overfit."


def describe_confusion(model: str, predictions: Predictions) -> str:
    """Say how many images are wrong, and which mistake is the most frequent."""
    K, N = len(predictions.classes), len(predictions.y_true)
    confusion = confusion_matrix(predictions.y_true, predictions.y_pred, labels=range(K))
    support = confusion.sum(axis=1)
    np.fill_diagonal(confusion, 0)
    num_wrong = int(confusion.sum())
    if num_wrong == 0:
        return f"{model} is right on all {N} test images."
    # Of mistakes that are equally frequent, the one that takes more of its diagnosis.
    weight = confusion + confusion / (1 + support[:, None])
    true, guess = np.unravel_index(weight.argmax(), confusion.shape)
    number = confusion[true, guess]
    return (
        f"{model} is wrong on {num_wrong} of {N} test images, most often by taking "
        f"{spell(predictions.classes[true])} for {spell(predictions.classes[guess])}: {number} of {support[true]}. "
        "The shade is the part of the true diagnosis."
    )


def describe_f1(models: Mapping[str, Predictions]) -> str:
    """Say which diagnosis is the hardest and which the easiest, for the model that does best on each."""
    first = next(iter(models.values()))
    scores = [score_classes(found.y_true, found.y_pred, len(found.classes)) for found in models.values()]
    support = scores[0].support
    there = np.flatnonzero(support)
    best = np.stack([found.f1[there] for found in scores]).max(axis=0)
    hardest, easiest = there[best.argmin()], there[best.argmax()]
    return (
        f"The hardest is {spell(first.classes[hardest])} ({support[hardest]} test images): no trained model has an "
        f"F1 above {best.min():.3f}. The easiest is {spell(first.classes[easiest])}, with up to {best.max():.3f}."
    )


def describe_ranking(
    models: Mapping[str, Predictions], words: str, area: Callable[[NDArray[np.bool_], NDArray[np.float64]], float]
) -> str:
    """Say for each model on which diagnosis the area under its curve is the smallest.

    Parameters
    ----------
    area
        Takes which images are of a diagnosis (N,), and its probabilities (N,).
    """
    parts = []
    for model, found in models.items():
        areas = {name: area(truth, probability) for name, truth, probability in one_against_rest(found)}
        worst = min(areas, key=lambda name: areas[name])
        parts.append(f"{model}'s for {spell(worst)} ({areas[worst]:.3f})")
    return f"The smallest {words} is {', '.join(parts)}."


def describe_mistakes(model: str, mistakes: Sequence[Mistake]) -> str:
    """Say what the pictures of mistakes are, and how sure the model was."""
    if not mistakes:
        return f"{model} makes no mistake on the test images."
    probabilities = [mistake.probability for mistake in mistakes]
    return (
        f"The mistakes of which {model} is surest, from {max(probabilities):.2f} down to {min(probabilities):.2f}. "
        "The number below each is its value of row in data/metadata.csv."
    )
