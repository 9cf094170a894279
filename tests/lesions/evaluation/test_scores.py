"""Metrics agree with scikit-learn and with fractions worked by hand."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from lesions.evaluation.scores import score_classes, score_labels, score_predictions, score_probabilities

# True classes in rows, predicted classes in columns; no image has class 3, and class 2 is never predicted.
#        0  1  2  3
#   0    3  1  0  0
#   1    1  2  0  1
#   2    2  0  0  0
Y_TRUE = np.array([0, 0, 0, 0, 1, 1, 1, 1, 2, 2])
Y_PRED = np.array([0, 0, 0, 1, 0, 1, 1, 3, 0, 0])


def fractions(*values: tuple[int, int]) -> list[float]:
    return [float(Fraction(*value)) for value in values]


def test_scores_of_each_class_agree_with_values_worked_by_hand() -> None:
    classes = score_classes(Y_TRUE, Y_PRED, 5)
    np.testing.assert_array_equal(classes.support, [4, 4, 2, 0, 0])
    assert classes.recall[:3] == pytest.approx(fractions((3, 4), (2, 4), (0, 2)))
    assert classes.precision[[0, 1, 3]] == pytest.approx(fractions((3, 6), (2, 3), (0, 1)))
    assert classes.f1[:4] == pytest.approx(fractions((6, 10), (4, 7), (0, 2), (0, 1)))
    # Without images there is no recall, without predictions no precision, and without either no F1.
    assert np.isnan(classes.recall).tolist() == [False, False, False, True, True]
    assert np.isnan(classes.precision).tolist() == [False, False, True, False, True]
    assert np.isnan(classes.f1).tolist() == [False, False, False, False, True]


def test_overall_scores_agree_with_values_worked_by_hand() -> None:
    scores = score_labels(Y_TRUE, Y_PRED, 5)
    f1 = [Fraction(6, 10), Fraction(4, 7), Fraction(0)]
    assert scores == pytest.approx(
        {
            "accuracy": 5 / 10,
            "balanced_accuracy": float((Fraction(3, 4) + Fraction(1, 2) + 0) / 3),
            "macro_f1": float(sum(f1) / 3),
            "weighted_f1": float((4 * f1[0] + 4 * f1[1] + 2 * f1[2]) / 10),
        }
    )


@st.composite
def labels(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    N = draw(st.integers(5, 60))
    classes = st.lists(st.integers(0, 4), min_size=N - 5, max_size=N - 5)
    return np.array([*range(5), *draw(classes)]), np.array(draw(st.lists(st.integers(0, 4), min_size=N, max_size=N)))


@given(labels())
def test_overall_scores_are_scikit_learns_if_every_class_has_images(pair: tuple[np.ndarray, np.ndarray]) -> None:
    y_true, y_pred = pair
    scores = score_labels(y_true, y_pred, 5)
    assert scores["accuracy"] == pytest.approx(metrics.accuracy_score(y_true, y_pred))
    assert scores["balanced_accuracy"] == pytest.approx(metrics.balanced_accuracy_score(y_true, y_pred))
    for average in ("macro", "weighted"):
        expected = metrics.f1_score(y_true, y_pred, average=average, zero_division=0.0)
        assert scores[f"{average}_f1"] == pytest.approx(expected)


def random_probabilities(N: int = 200, K: int = 4, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    y_true = generator.integers(K, size=N)
    logits = generator.normal(size=(N, K)) + 1.5 * np.eye(K)[y_true]
    return y_true, np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


def test_scores_of_probabilities_are_scikit_learns() -> None:
    y_true, y_prob = random_probabilities()
    scores = score_probabilities(y_true, y_prob)
    assert scores["macro_roc_auc"] == pytest.approx(metrics.roc_auc_score(y_true, y_prob, multi_class="ovr"))
    expected = metrics.average_precision_score(np.eye(4)[y_true], y_prob, average="macro")
    assert scores["mean_average_precision"] == pytest.approx(expected)


def test_a_class_without_images_is_omitted_from_the_means() -> None:
    y_true, y_prob = random_probabilities()
    wider = np.hstack([y_prob * 0.9, np.full((len(y_prob), 1), 0.1)])
    scores = score_predictions(y_true, wider)
    assert scores["macro_roc_auc"] == pytest.approx(score_predictions(y_true, y_prob)["macro_roc_auc"])


def test_undefined_scores_are_omitted() -> None:
    scores = score_predictions(np.zeros(3, dtype=int), np.full((3, 2), 0.5))
    assert "macro_roc_auc" not in scores
    assert scores["accuracy"] == 1


def test_perfect_predictions_score_one_and_the_worst_score_zero() -> None:
    y_true = np.array([0, 1, 2, 0, 1, 2])
    perfect = score_predictions(y_true, np.eye(3)[y_true])
    assert {perfect[name] for name in ("accuracy", "balanced_accuracy", "macro_f1", "macro_roc_auc")} == {1.0}
    worst = score_predictions(y_true, np.eye(3)[(y_true + 1) % 3])
    assert {worst[name] for name in ("accuracy", "balanced_accuracy", "macro_f1")} == {0.0}
