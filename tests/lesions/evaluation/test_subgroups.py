"""Subgroups have the expected images, their scores the intervals of their own groups, and a weakness is found."""

import numpy as np
import pytest

from benchmarks.simulate_subgroups import POPULATIONS, count_marks
from lesions.evaluation.subgroups import (
    Subgroup,
    compare_accuracies,
    compare_sensitivities,
)
from lesions.tables.predictions import Predictions
from tests.runs import build_predictions, guess, true_classes

N = 600


def with_attributes(predictions: Predictions, **columns: object) -> Predictions:
    """Add metadata that is the same for all images, except for the given columns."""
    defaults: dict[str, object] = dict.fromkeys(
        ("sex", "site", "source", "diagnosis_confirmation", "fitzpatrick_type"), None
    )
    images = predictions.images.assign(**(defaults | {"age_years": np.nan} | columns))  # type: ignore[arg-type]
    return Predictions(images, predictions.classes, predictions.y_true, predictions.logits)


def two_sexes() -> np.ndarray:
    """Return four images of each sex in turn, so that both have all classes."""
    return np.where(np.arange(N) // 4 % 2, "female", "male")


def test_a_planted_weakness_is_found() -> None:
    y_true, sex = true_classes(N), two_sexes()
    logits = np.where((sex == "female")[:, None], guess(y_true, 0.5), guess(y_true, 3))
    subgroups = compare_accuracies(with_attributes(build_predictions(y_true, logits), sex=sex), min_groups=20)
    female, male = subgroups.scored
    assert (female.attribute, female.value, female.num_images, female.num_groups) == ("sex", "female", 300, 150)
    assert female.difference is not None and male.difference is not None
    assert female.difference.is_beyond_noise and subgroups.num_beyond_noise == 2
    assert female.difference.value == pytest.approx(-male.difference.value)
    # Men and women are one test, of which both p-values are those of one subgroup.
    assert female.difference.p_adjusted == female.difference.p_value == male.difference.p_adjusted
    assert subgroups.lowest == female
    # By chance the lower of two halves is near the score of all images.
    assert female.score.value < subgroups.lowest_by_chance < male.score.value  # type: ignore[operator]


def test_noise_is_rarely_significant_although_diagnoses_are_rare_and_many_subgroups_are_scored() -> None:
    """In 25 test sets of chance, one is marked on average; by resamples of rare diagnoses it was about eight."""
    population = POPULATIONS["one image per group"]
    num_marked = sum(count_marks(population, 300, seed)[1] for seed in range(25))
    # More than 5 have a probability of 0.1 %.
    assert num_marked <= 5


def foot(right: int, wrong: int, **columns: object) -> Subgroup:
    """Return the foot, with 20 nevi and some melanomas, beside 200 nevi and 40 melanomas elsewhere."""
    y_true = np.repeat([1, 0, 1, 0], [20, right + wrong, 200, 40])
    hit = np.repeat([1, 0, 1, 0, 1, 0, 1, 0], [18, 2, right, wrong, 180, 20, 30, 10]) == 1
    site = np.where(np.arange(len(y_true)) < 20 + right + wrong, "foot", "else")
    logits = np.eye(3)[np.where(hit, y_true, 1 - y_true)]
    predictions = with_attributes(build_predictions(y_true, logits, range(len(y_true))), site=site, **columns)
    return next(one for one in compare_accuracies(predictions, min_groups=20).scored if one.value == "foot")


@pytest.mark.parametrize(("right", "wrong", "fisher"), [(0, 3, 0.023), (0, 4, 0.010)])
def test_few_melanomas_all_missed_are_as_surprising_as_fisher_says(right: int, wrong: int, fisher: float) -> None:
    """The nevi are right equally often, so that all the surprise is that of Fisher's test of the melanomas."""
    difference = foot(right, wrong).difference
    assert difference is not None
    assert difference.value == pytest.approx(-0.75 / 2)
    assert difference.p_value == pytest.approx(fisher, abs=0.01)


def test_few_melanomas_all_found_or_all_missed_are_not_marked_among_other_subgroups() -> None:
    """The resamples of three melanomas all missed do not vary, and neither do those of two that are all found."""
    found = foot(2, 0).difference
    assert found is not None and found.p_value > 0.5
    generator = np.random.default_rng(0)
    ages, sexes = generator.choice([10, 30, 50, 70], 263), generator.choice(["female", "male"], 263)
    missed = foot(0, 3, age_years=ages, sex=sexes).difference
    assert missed is not None and not missed.is_beyond_noise
    assert missed.p_value < 0.05 < missed.p_adjusted


def test_the_interval_of_a_subgroup_counts_its_own_groups() -> None:
    """20 nevi on the foot among 895 groups: 0.025^(1/20) if all are right; Clopper and Pearson if 19 are."""
    y_true = np.r_[np.zeros(20, int), np.arange(875) % 2]
    site = np.where(np.arange(895) < 20, "foot", "else")
    for num_right, low, high in ((20, 0.8316, 1.0), (19, 0.7513, 0.9987)):
        hit = np.r_[np.arange(20) < num_right, np.arange(875) >= 90]
        logits = np.eye(3)[np.where(hit, y_true, 1 - y_true)]
        predictions = with_attributes(build_predictions(y_true, logits, range(895)), site=site)
        score = next(
            one for one in compare_accuracies(predictions, min_groups=20).scored if one.value == "foot"
        ).score
        assert (score.value, score.low, score.high) == pytest.approx((num_right / 20, low, high), abs=1e-4)


def test_the_same_seed_gives_the_same_marks_and_another_one_nearly() -> None:
    y_true, sex = true_classes(N), two_sexes()
    predictions = with_attributes(build_predictions(y_true, guess(y_true, 1)), sex=sex)
    first, again, other = (compare_accuracies(predictions, min_groups=20, seed=seed).scored[0] for seed in (0, 0, 1))
    assert first == again
    assert first.difference is not None and other.difference is not None
    assert first.difference.p_value != other.difference.p_value
    assert first.difference.p_value == pytest.approx(other.difference.p_value, abs=0.05)


def test_a_score_is_over_all_classes_and_a_difference_over_the_classes_that_both_sides_have() -> None:
    """Inside, class 0 is right in 1 of 2 images, class 1 in 2 of 2. Outside is only class 0, right in 3 of 4."""
    y_true = np.array([0, 0, 1, 1, 0, 0, 0, 0])
    y_pred = np.array([0, 2, 1, 1, 0, 0, 0, 2])
    sex = np.array(["female"] * 4 + ["male"] * 4)
    predictions = with_attributes(build_predictions(y_true, np.eye(3)[y_pred], range(8)), sex=sex)
    female, male = compare_accuracies(predictions, min_groups=1).scored
    assert female.score.value == pytest.approx(3 / 4)
    assert male.score.value == pytest.approx(3 / 4)
    assert female.difference is not None
    assert female.difference.value == pytest.approx(1 / 2 - 3 / 4)


def test_small_subgroups_are_not_scored() -> None:
    y_true = true_classes(N)
    site = np.where(np.arange(N) < 12, "scalp", "back")
    predictions = with_attributes(build_predictions(y_true, guess(y_true, 1)), site=site)
    assert [subgroup.value for subgroup in compare_accuracies(predictions, min_groups=7).scored] == ["back"]
    assert [subgroup.value for subgroup in compare_accuracies(predictions, min_groups=6).scored] == ["back", "scalp"]


def test_sensitivity_is_compared_within_malignant_diagnoses_and_left_out_where_they_are_few() -> None:
    """Basal cell carcinoma is always found, melanoma in half of the images; only their mix differs between sites."""
    classes = np.repeat([0, 2, 0, 2, 1, 1], [30, 10, 10, 30, 100, 20])
    site = np.repeat(["back", "face", "back", "hand"], [40, 40, 100, 20])
    # Class 2 is malignant here. Every second melanoma has a probability of 0.4.
    found = (classes == 2) | ((classes == 0) & (np.arange(200) % 2 == 0))
    logits = np.log(np.where(found[:, None], [0.5, 0.2, 0.3], [0.3, 0.6, 0.1]))
    predictions = with_attributes(build_predictions(classes, logits, range(200)), site=site)
    subgroups = compare_sensitivities(
        predictions, sides=(True, False, True), threshold=0.8, min_groups=20, min_malignant_groups=10
    )
    back, face = subgroups.scored
    assert (back.value, back.num_images, face.value, face.num_images) == ("back", 40, "face", 40)
    assert (back.score.value, face.score.value) == pytest.approx((25 / 40, 35 / 40))
    assert back.difference is not None and back.difference.weighted_value == pytest.approx(0)
    assert (subgroups.num_left_out, subgroups.num_beyond_noise) == (1, 0)
