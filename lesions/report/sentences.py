"""Describe the models and what their plots show, in sentences computed from the run."""

from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lesions.drawing.style import spell
from lesions.evaluation.calling import count_other_calls
from lesions.evaluation.curves import one_against_rest
from lesions.evaluation.generalisation import OVERFIT, judge_overfitting
from lesions.evaluation.scores import count_confusion, score_classes
from lesions.evaluation.verdict import spell_interval, spell_number
from lesions.formats.json_file import PlotRows
from lesions.report.inputs import Generalisation, Mistake, TrainSummary
from lesions.tables.predictions import Predictions


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


LEARNT = 0.1
"""Part of the way from chance to 1 that a balanced accuracy on training images must exceed to show that they were
learnt."""


def describe_generalisation(model: str, scores: Generalisation, *, num_classes: int) -> str:
    """Describe the scores on training, validation and test images, and whether the model has learnt or overfits."""
    train, chance = scores.train_balanced_accuracy, 1 / num_classes
    sentence = (
        f"{model} has a balanced accuracy of {train:.3f} on training ({scores.num_train_images:,} images of "
        f"{scores.num_train_groups:,} groups, not augmented), {scores.val_balanced_accuracy:.3f} on validation"
        f"{'' if scores.test_balanced_accuracy is None else f', {scores.test_balanced_accuracy:.3f} on test'}."
    )
    if train <= chance + LEARNT * (1 - chance):
        return (
            f"{sentence} Chance is {chance:.3f}: it has hardly learnt these training images; train longer, or raise "
            "the learning rate."
        )
    to_val, to_test = scores.balanced_accuracy_lost_from_train_to_val, scores.balanced_accuracy_lost_from_val_to_test
    overfits = {
        "yes": f"it overfits, by more than {OVERFIT}",
        "no": f"it does not overfit by more than {OVERFIT}",
        "cannot tell": f"whether it overfits by more than {OVERFIT}, these images cannot tell",
    }[judge_overfitting(to_val)]
    sentence += (
        f" From training to validation it loses {spell_number(to_val.value)} ({spell_interval(to_val)}): {overfits}."
    )
    if to_test:
        sentence += f" From validation to test it loses {spell_number(to_test.value)} ({spell_interval(to_test)})."
    return sentence


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
        f"{number} of {support[true]}. The shade is the share of the true diagnosis. Predicted is "
        f"what the network calls an image; for {count_other_calls(predictions):,} images it is not the most probable "
        "diagnosis."
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
    models: Mapping[str, Predictions],
    drawn: Collection[str],
    words: str,
    area: Callable[[NDArray[np.bool_], NDArray[np.float64]], float],
) -> str:
    """Name the diagnosis with the smallest area under the curve, for each model.

    Parameters
    ----------
    drawn
        The diagnoses whose curves are drawn; of one alone, its areas are named.
    words
        The name of the area.
    area
        Computes the area from which images have a diagnosis (N,) and its probabilities (N,).
    """
    parts = []
    for model, predictions in models.items():
        ranked = [each for each in one_against_rest(predictions) if each[0] in drawn]
        areas = {name: area(truth, probability) for name, truth, probability in ranked}
        worst = min(areas, key=lambda name: areas[name])
        parts.append((spell(worst), model, areas[worst]))
    if len(drawn) == 1:
        listed = ", ".join(f"{value:.3f} for {model}" for _, model, value in parts)
        return f"The {words} of {parts[0][0]} is {listed}."
    listed = ", ".join(f"{diagnosis} for {model} ({value:.3f})" for diagnosis, model, value in parts)
    return f"The diagnosis with the smallest {words} is {listed}."


def describe_missed(model: str, predictions: Predictions, gravest: str, shown: Sequence[Mistake]) -> str:
    """Say how many images of the gravest class are called another, and how many of these are shown."""
    code = predictions.classes.index(gravest)
    of_class = predictions.y_true == code
    total, missed = int(of_class.sum()), int((of_class & (predictions.y_pred != code)).sum())
    if not total:
        return f"No test image is {spell(gravest)}."
    if not missed:
        return f"{model} calls all {total:,} test images that are {spell(gravest)} so."
    counted = f"{model} calls {missed:,} of {total:,} test images that are {spell(gravest)} something else."
    if len(shown) < missed:
        return f"{counted} Shown are the {len(shown):,} of which it is most confident."
    return f"{counted} All are shown, the most confident mistake first."


def describe_mistakes(model: str, mistakes: Sequence[Mistake]) -> str:
    """Describe the pictures of mistakes, and how confident the model was."""
    if not mistakes:
        return f"{model} makes no other mistake on a test image."
    probabilities = [mistake.probability for mistake in mistakes]
    return (
        f"The most confident other mistakes of {model}, with probabilities of the class that it calls them from "
        f"{max(probabilities):.2f} down to {min(probabilities):.2f}. The number below each is its value in the "
        "column row of data/metadata.csv."
    )
