"""Pooled folds equal one table of all images."""

import numpy as np
import pytest

from lesions.errors import InputError
from lesions.evaluation.folds import pool_folds, score_each_fold
from lesions.tables.predictions import Predictions
from tests.runs import build_predictions, guess, true_classes

Y_TRUE = true_classes()
WHOLE = build_predictions(Y_TRUE, guess(Y_TRUE, 1))


def part(start: int, step: int = 3) -> Predictions:
    """Return the predictions of every third image."""
    images = WHOLE.images.iloc[start::step].reset_index(drop=True)
    return Predictions(images, WHOLE.classes, WHOLE.y_true[start::step], WHOLE.logits[start::step])


def test_the_pool_has_every_image_once_in_order() -> None:
    pooled = pool_folds({name: {"cnn": part(start)} for name, start in (("b", 1), ("a", 0), ("c", 2))})["cnn"]
    assert pooled.images.image_id.tolist() == WHOLE.images.image_id.tolist()
    assert pooled.images.group_id.tolist() == WHOLE.images.group_id.tolist()
    np.testing.assert_array_equal(pooled.logits, WHOLE.logits)
    np.testing.assert_array_equal(pooled.y_true, WHOLE.y_true)


def test_each_fold_is_scored_separately() -> None:
    folds = {"a": {"cnn": part(0)}, "b": {"cnn": part(1)}}
    accuracy = [(part(start).y_pred == part(start).y_true).mean() for start in (0, 1)]
    assert score_each_fold(folds, "cnn").accuracy.to_dict() == pytest.approx(dict(zip("ab", accuracy, strict=True)))


def test_a_model_that_a_fold_lacks_is_omitted() -> None:
    folds = {"a": {"cnn": part(0), "resnet": part(0)}, "b": {"cnn": part(1)}}
    assert list(pool_folds(folds)) == ["cnn"]
    with pytest.raises(InputError, match="no model is in all of the folds a, b"):
        pool_folds({"a": {"resnet": part(0)}, "b": {"cnn": part(1)}})


def test_folds_that_test_the_same_image_are_refused() -> None:
    with pytest.raises(InputError, match="b and a both test image_0000: they are not folds of one split"):
        pool_folds({"a": {"cnn": part(0)}, "b": {"cnn": part(0, 2)}})


def test_folds_with_different_diagnoses_are_refused() -> None:
    other = part(1)
    renamed = Predictions(other.images, ("melanoma", "nevus", "scar"), other.y_true, other.logits)
    with pytest.raises(InputError, match="cnn has other diagnoses in b than in a"):
        pool_folds({"a": {"cnn": part(0)}, "b": {"cnn": renamed}})
