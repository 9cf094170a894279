"""Pool the test predictions of folds, so that every image is tested once."""

from collections.abc import Mapping

import pandas as pd

from lesions.errors import InputError
from lesions.evaluation.scores import score_predictions
from lesions.tables.predictions import Predictions, concatenate_predictions


def pool_folds(folds: Mapping[str, Mapping[str, Predictions]]) -> dict[str, Predictions]:
    """Pool the test predictions of all folds, for each model that every fold has.

    Parameters
    ----------
    folds
        For each fold, by name, each model's predictions of the test images of that fold.

    Raises
    ------
    InputError
        If no model is in all folds, if two folds test the same image, or if their diagnoses differ.
    """
    first, *others = folds.values()
    models = [model for model in first if all(model in other for other in others)]
    if not models:
        raise InputError(f"no model is in all of the folds {', '.join(folds)}")
    _check_images_are_tested_once(folds, models[0])
    pooled = {}
    for model in models:
        by_fold = [predictions[model] for predictions in folds.values()]
        for name, predictions in zip(folds, by_fold, strict=True):
            if predictions.classes != by_fold[0].classes:
                raise InputError(f"{model} has other diagnoses in {name} than in {next(iter(folds))}")
        joined = concatenate_predictions(by_fold)
        order = joined.images.image_id.argsort().to_numpy()
        pooled[model] = Predictions(
            joined.images.iloc[order].reset_index(drop=True),
            joined.classes,
            joined.y_true[order],
            joined.logits[order],
            joined.y_pred[order],
        )
    return pooled


def score_each_fold(folds: Mapping[str, Mapping[str, Predictions]], model: str) -> pd.DataFrame:
    """Score one model in each fold: one row per fold, one column per metric that all folds define."""
    by_fold = [predictions[model] for predictions in folds.values()]
    scores = [score_predictions(fold.y_true, fold.y_prob, y_pred=fold.y_pred) for fold in by_fold]
    return pd.DataFrame(scores, index=list(folds)).dropna(axis="columns")


def _check_images_are_tested_once(folds: Mapping[str, Mapping[str, Predictions]], model: str) -> None:
    tested_by: dict[str, str] = {}
    for name, predictions in folds.items():
        for image_id in predictions[model].images.image_id:
            other = tested_by.setdefault(image_id, name)
            if other != name:
                raise InputError(f"{name} and {other} both test {image_id}: they are not folds of one split")
