"""What an int8 file loses, on validation, and whether it is worth having."""

import numpy as np
import pytest

from lesions.evaluation.interval import Difference, Estimate
from lesions.exporting.int8 import describe_decision, measure_loss, predict_as, summarise_loss
from lesions.exporting.parity import Answers
from tests.runs import build_predictions, true_classes

Y_TRUE = true_classes()


def answers(wrong: int) -> Answers:
    """Answers that call so many images, of the first class, by the second."""
    called = Y_TRUE.copy()
    called[np.flatnonzero(Y_TRUE == 0)[:wrong]] = 1
    return Answers(0.9 * np.eye(3)[called] + 0.1 / 3, called)


def lose(value: float) -> Difference:
    return Difference(value, value - 0.1, value + 0.1, 0.5, 0.5)


def test_the_loss_is_the_paired_difference_of_balanced_accuracy() -> None:
    table = build_predictions(Y_TRUE, np.eye(3)[Y_TRUE])
    score, lost = measure_loss(predict_as(table, answers(3)), predict_as(table, answers(12)))
    # 30 images per class.
    assert score.value == pytest.approx(1 - 12 / 30 / 3)
    assert score.low < score.value < score.high
    assert lost.value == pytest.approx(9 / 30 / 3)
    assert lost.low < lost.value < lost.high


def test_predictions_have_the_answers_of_the_file() -> None:
    table = build_predictions(Y_TRUE, np.zeros((90, 3)))
    given = Answers(np.tile(np.array([0, 0.25, 0.75], np.float32), (90, 1)), np.ones(90, int))
    predicted = predict_as(table, given)
    assert predicted.y_prob == pytest.approx(given.probability)
    assert predicted.y_pred.tolist() == [1] * 90


@pytest.mark.parametrize(
    ("value", "is_accepted", "sentence"),
    [
        (
            0.0201,
            False,
            "not written: it loses 0.0201",
        ),
        (0.02, True, "written: it loses 0.0200"),
        (-0.01, True, "written: it loses -0.0100"),
    ],
)
def test_a_file_is_written_if_it_loses_no_more_than_allowed(value: float, is_accepted: bool, sentence: str) -> None:
    allowed = " balanced accuracy on validation, and export.max_drop allows 0.02"
    assert describe_decision(lose(value), 0.02) == (is_accepted, sentence + allowed)


def test_figures_have_flat_names_by_split() -> None:
    assert summarise_loss("val", Estimate(0.7, 0.6, 0.8), lose(0.1)) == {
        "int8_val_balanced_accuracy": 0.7,
        "int8_val_balanced_accuracy_lost": 0.1,
        "int8_val_balanced_accuracy_lost_low": 0.0,
        "int8_val_balanced_accuracy_lost_high": 0.2,
    }
