"""Significance tests agree with statsmodels, a published example and hand-worked tables."""

import gc

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import mcnemar  # type: ignore[import-untyped]
from statsmodels.stats.multitest import multipletests  # type: ignore[import-untyped]

from lesions.evaluation.significance import compare_areas, compare_hits, compare_pairs, correct_after_holm
from tests.runs import build_predictions, guess, true_classes

# Albumin, total protein, K-G score and the outcome of 43 patients (DeLong, DeLong and Clarke-Pearson 1988), as in
# example 8 of PROC LOGISTIC in SAS/STAT's user's guide.
PATIENTS = np.fromstring(
    "3.0 5.8 10 0 3.2 6.3 5 1 3.9 6.8 3 1 2.8 4.8 6 0 3.2 5.8 3 1 0.9 4.0 5 0 2.5 5.7 8 0 1.6 5.6 5 1 "
    "3.8 5.7 5 1 3.7 6.7 6 1 3.2 5.4 4 1 3.8 6.6 6 1 4.1 6.6 5 1 3.6 5.7 5 1 4.3 7.0 4 1 3.6 6.7 4 0 "
    "2.3 4.4 6 1 4.2 7.6 4 0 4.0 6.6 6 0 3.5 5.8 6 1 3.8 6.8 7 1 3.0 4.7 8 0 4.5 7.4 5 1 3.7 7.4 5 1 "
    "3.1 6.6 6 1 4.1 8.2 6 1 4.3 7.0 5 1 4.3 6.5 4 1 3.2 5.1 5 1 2.6 4.7 6 1 3.3 6.8 6 0 1.7 4.0 7 0 "
    "3.7 6.1 5 1 3.3 6.3 7 1 4.2 7.7 6 1 3.5 6.2 5 1 2.9 5.7 9 0 2.1 4.8 7 1 2.8 6.2 8 0 4.0 7.0 7 1 "
    "3.3 5.7 6 1 3.7 6.9 5 1 3.6 6.6 5 1",
    sep=" ",
).reshape(-1, 4)
ALBUMIN, PROTEIN, SCORE, OUTCOME = PATIENTS.T
EACH = pd.Series(range(len(PATIENTS)))


def two_classes(score: np.ndarray) -> np.ndarray:
    """Return the scores of two classes, given the score of class 1."""
    return np.stack([-score, score], axis=1)


@pytest.mark.parametrize(("test", "difference", "error"), [(ALBUMIN, 0.0108, 0.0953), (PROTEIN, -0.0780, 0.1046)])
def test_areas_differ_as_published(test: np.ndarray, difference: float, error: float) -> None:
    """The other model is the K-G score, of which a low value is good."""
    delong = compare_areas(OUTCOME.astype(int), two_classes(test), two_classes(10 - SCORE), group_id=EACH)
    assert delong.difference == pytest.approx(difference, abs=5e-5)
    assert delong.standard_error == pytest.approx(error, abs=5e-5)


def test_doubling_every_image_within_its_group_gives_no_more_evidence() -> None:
    y_true, first, second = OUTCOME.astype(int), two_classes(ALBUMIN), two_classes(10 - SCORE)
    once = compare_areas(y_true, first, second, group_id=EACH)
    doubled = compare_areas(
        y_true.repeat(2), first.repeat(2, axis=0), second.repeat(2, axis=0), group_id=EACH.repeat(2)
    )
    assert doubled == pytest.approx(once)


def test_the_standard_error_of_the_mean_over_classes_is_that_of_a_bootstrap_over_patients() -> None:
    """There are three classes and five images per patient."""
    generator = np.random.default_rng(0)
    G, K = 150, 3
    y_true = np.repeat(generator.integers(K, size=G), 5)
    group = pd.Series(np.repeat(np.arange(G), 5))
    first, second = (
        np.eye(K)[y_true] + np.repeat(generator.normal(size=(G, K)), 5, axis=0) + generator.normal(size=(5 * G, K))
        for _ in range(2)
    )
    resampled = []
    for _ in range(500):
        rows = (5 * generator.integers(G, size=G)[:, None] + np.arange(5)).ravel()
        resampled.append(
            compare_areas(y_true[rows], first[rows], second[rows], group_id=pd.Series(range(5 * G))).difference
        )
    grouped = compare_areas(y_true, first, second, group_id=group)
    assert grouped.standard_error == pytest.approx(np.std(resampled), rel=0.12)
    alone = compare_areas(y_true, first, second, group_id=pd.Series(range(5 * G)))
    assert alone.standard_error < 0.8 * grouped.standard_error


def test_images_of_one_class_have_no_areas_to_compare() -> None:
    same = two_classes(ALBUMIN)
    assert compare_areas(np.zeros(len(same), dtype=int), same, -same, group_id=EACH) == (0, 0, 1)


def test_a_model_is_not_better_than_itself() -> None:
    same = two_classes(ALBUMIN)
    assert compare_areas(OUTCOME.astype(int), same, same, group_id=EACH) == (0, 0, 1)
    assert compare_hits(OUTCOME > 0, OUTCOME > 0, EACH) == (0, 0, 1)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40))
def test_with_one_image_per_group_the_test_is_the_exact_mcnemar_of_statsmodels(
    pairs: list[tuple[bool, bool]],
) -> None:
    first, second = np.array(pairs).T
    result = compare_hits(first, second, pd.Series(range(len(first))))
    table = [[(first & second).sum(), (first & ~second).sum()], [(~first & second).sum(), (~first & ~second).sum()]]
    assert (result.first_only, result.second_only) == (table[0][1], table[1][0])
    assert result.p_value == pytest.approx(mcnemar(table, exact=True).pvalue)


def test_a_group_counts_once() -> None:
    """On lesion 0 the first model is right on two more images, on 1 equally many, on 2 the second on one more."""
    first = np.array([1, 1, 1, 1, 0, 0], dtype=bool)
    second = np.array([0, 0, 1, 0, 1, 1], dtype=bool)
    assert compare_hits(first, second, pd.Series([0, 0, 0, 1, 1, 2])) == (1, 1, 1)


def test_models_of_equal_accuracy_can_be_right_on_more_images_in_very_unequal_numbers_of_groups() -> None:
    """In 30 groups of ten the first model has one image more right, in three the second has ten more."""
    first, second = np.zeros((2, 33, 10), dtype=bool)
    first[:30, 0] = True
    second[30:] = True
    result = compare_hits(first.ravel(), second.ravel(), pd.Series(np.arange(33).repeat(10)))
    assert first.mean() == second.mean()
    assert result[:2] == (30, 3)
    assert result.p_value == pytest.approx(1.4e-6, rel=0.02)


def test_each_test_is_corrected_for_all_pairs_of_models() -> None:
    y_true = true_classes(120)
    models = {name: build_predictions(y_true, guess(y_true, 1 + 0.3 * n, n)) for n, name in enumerate("abc")}
    together = compare_pairs(models)
    alone = [next(iter(compare_pairs({name: models[name] for name in pair}).values())) for pair in together]
    assert list(together) == [("a", "b"), ("a", "c"), ("b", "c")]
    for test in (0, 1):
        expected = multipletests([tests[test].p_value for tests in alone], method="holm")[1]
        assert [tests[test].p_value for tests in together.values()] == pytest.approx(expected)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holms_correction_is_that_of_statsmodels(p_values: list[float]) -> None:
    gc.freeze()  # statsmodels collects garbage at each call, which takes half a second where much is loaded
    expected = multipletests(p_values, method="holm")[1]
    gc.unfreeze()
    assert correct_after_holm(p_values) == pytest.approx(expected)


def test_holms_correction_agrees_with_values_worked_by_hand() -> None:
    """The p-values become 4 x 0.01, 3 x 0.02 and 2 x 0.03, and the last is never below the one before."""
    assert correct_after_holm([0.03, 0.01, 0.05, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert correct_after_holm([]) == []


@pytest.mark.parametrize(("groups", "least"), [([0] * 8, 1.0), ([0, 0, 0, 0, 1, 1, 1, 1], 0.5)])
def test_one_group_or_two_prove_no_difference_in_ranking(groups: list[int], least: float) -> None:
    """Each group has the same images, so that the variance is 0: one model ranks all right, the other all wrong."""
    y_true = np.array([0, 1, 0, 1] * 2)
    right = np.eye(2)[y_true]
    found = compare_areas(y_true, right, 1 - right, group_id=pd.Series(groups))
    assert (found.difference, found.p_value) == (1.0, least)
