"""Each reason for doubt gives its warning, and good results give none."""

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score

from lesions.evaluation.comparison import Comparison, compare_models, score_on_validation
from lesions.evaluation.interval import Difference, Estimate
from lesions.report.inputs import CopyCounts, RunCounts, SplitSummary
from lesions.report.warnings import list_warnings
from lesions.tables.predictions import Predictions
from tests.runs import COPIES, COUNTS, SPLIT, build_predictions, guess, true_classes

Y_TRUE = true_classes()


def warnings_of(
    split: dict[str, Any] | None = None,
    counts: dict[str, Any] | None = None,
    copies: dict[str, Any] | None = None,
    metadata_probe: Predictions | None = None,
    **models: Predictions,
) -> list[str]:
    y_true = next(iter(models.values())).y_true
    prior = build_predictions(y_true, np.tile([0.0, 1.0, 0.0], (len(y_true), 1)))
    probes = {
        probe: given or build_predictions(y_true, guess(y_true, 0, seed))
        for seed, (probe, given) in enumerate({"metadata_probe": metadata_probe, "border_probe": None}.items(), 50)
    }
    comparison = compare_models(
        {**models, "class_prior": prior, **probes}, rivals=list(models), on_validation=score_on_validation(models)
    )
    return warnings_beside(models, comparison, counts=counts, split=split, copies=copies)


def warnings_beside(
    models: dict[str, Predictions],
    comparison: Comparison,
    *,
    counts: dict[str, Any] | None = None,
    split: dict[str, Any] | None = None,
    copies: dict[str, Any] | None = None,
) -> list[str]:
    """The warnings beside a comparison with the class prior."""
    return list_warnings(
        models,
        comparison,
        baselines=["class_prior"],
        metric="balanced_accuracy",
        counts=RunCounts(**COUNTS | (counts or {})),
        split=SplitSummary(**SPLIT | (split or {})),
        copies=CopyCounts(**COPIES | (copies or {})),
    )


PRIOR = build_predictions(Y_TRUE, np.tile([0.0, 1.0, 0.0], (len(Y_TRUE), 1)))


def good(seed: int = 0) -> Predictions:
    return build_predictions(Y_TRUE, guess(Y_TRUE, 3, seed))


def test_good_predictions_give_no_warning() -> None:
    assert warnings_of(a=good(), b=good(1)) == []


def test_a_lead_over_a_baseline_that_is_not_significant_after_holm_gives_a_warning() -> None:
    """Its own interval excludes zero, but several models were compared."""
    comparison = Comparison(
        scores={(name, "balanced_accuracy"): Estimate(0.5, 0.4, 0.6) for name in ("a", "class_prior")},
        differences={("a", "class_prior", "balanced_accuracy"): Difference(0.1, 0.01, 0.19, 0.03, 0.09)},
        on_validation={("a", "balanced_accuracy"): 0.5},
    )
    warnings = warnings_beside({"a": good()}, comparison)
    assert warnings == [
        "a is not significantly better than always predicting the class frequencies (+0.100 balanced accuracy, 95 % "
        "interval 0.010 to 0.190, p = 0.090 after Holm)."
    ]


@pytest.mark.parametrize(
    ("split", "words"),
    [
        (
            {"num_images_without_patient": 1200},
            "The data name no patient for 1,200 images: two",
        ),
        (
            {"num_images_without_patient": 90, "num_images_without_identifier": 7},
            "The data name neither the patient nor the lesion of 7 images: two photographs of one lesion",
        ),
        (
            {"leaked_test_share": 0.381},
            "38.1% of the test images have a sibling in training, an image of the same pat",
        ),
        (
            {"leaked_test_share": 0.381, "grouped_by": "lesion_id"},
            "38.1% of the test images have a sibling in training, an image of the same lesion: every score",
        ),
        ({"copied_test_share": 0.05}, "5.0% of the test images have a copy in training: every score on this page is"),
    ],
)
def test_doubts_about_the_split_give_a_warning(split: dict[str, Any], words: str) -> None:
    (warning,) = warnings_of(split, a=good())
    assert warning.startswith(words)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("num_rejected", "33 of 900 rows of the tables were refused; data/rejected.csv says why. If all"),
        (
            "num_lesions_of_several_patients",
            "33 lesions belong to several patients, who were therefore kept together",
        ),
    ],
)
def test_doubts_about_the_table_give_a_warning(name: str, words: str) -> None:
    (warning,) = warnings_of(counts={name: 33}, a=good())
    assert warning.startswith(words)


def test_patients_of_two_datasets_that_may_be_the_same_give_a_warning() -> None:
    found = {"patient_id": {"num_in_two_datasets": 46}, "lesion_id": {"num_in_two_datasets": 0}}
    (warning,) = warnings_of(counts={"identifiers": found}, a=good())
    assert warning == (
        "46 patients have identifiers that are in two datasets, and count as different patients: if they are the "
        "same, they may be on two sides of the split (same_patients_as in dataset.sources)."
    )


def test_diagnoses_of_few_patients_are_named_with_their_number() -> None:
    # The rare diagnosis has six images of three groups.
    y_true = np.where(np.arange(90) < 6, 2, true_classes(90) % 2)
    (warning,) = warnings_of(a=build_predictions(y_true, guess(y_true, 3)))
    assert "have the diagnosis vascular lesion (3): scores" in warning


def test_a_model_worse_than_the_class_prior_gives_a_warning() -> None:
    wrong = build_predictions(Y_TRUE, -guess(Y_TRUE, 3))
    (warning,) = warnings_of(wrong=wrong)
    assert warning.startswith("wrong is significantly worse than always predicting the class frequencies (−0.")


def test_predicting_the_only_diagnosis_is_not_called_suspicious() -> None:
    y_true = np.ones(40, dtype=int)
    warnings = warnings_of(a=build_predictions(y_true, np.tile([0.0, 1.0, 0.0], (40, 1))))
    assert not [warning for warning in warnings if "correctly" in warning or "learnt nothing" in warning]
    assert "No test image has the diagnosis melanoma, vascular lesion: no score on this page covers it." in warnings


def test_copies_without_a_shared_identifier_give_a_warning() -> None:
    (warning,) = warnings_of(copies={"num_pairs_without_shared_identifier": 5}, a=good())
    assert warning.startswith("5 pairs of images are copies although they share no patient or lesion in the data")


def test_a_probe_that_scores_well_gives_a_warning() -> None:
    (warning,) = warnings_of(metadata_probe=build_predictions(Y_TRUE, guess(Y_TRUE, 1.5, 9)), a=good())
    # The balanced accuracy of chance is a third with three classes.
    best, probe = (
        balanced_accuracy_score(Y_TRUE, guess(Y_TRUE, *skill).argmax(axis=1)) for skill in ((3, 0), (1.5, 9))
    )
    part = (probe - 1 / 3) / (best - 1 / 3)
    assert warning == (
        f"The metadata alone (metadata_probe) has {part:.0%} of the gain of a over always predicting the class "
        f"frequencies (balanced accuracy {probe:.3f}, a {best:.3f}): the data may give the answer away."
    )


def test_a_probe_that_scores_little_above_chance_gives_no_warning() -> None:
    assert warnings_of(metadata_probe=build_predictions(Y_TRUE, guess(Y_TRUE, 0.4, 9)), a=good()) == []


@pytest.mark.parametrize(("skill", "words"), [(3, "scores as high as"), (1, "scores significantly higher than")])
def test_a_probe_as_good_as_the_best_model_or_better_is_described_as_such(skill: float, words: str) -> None:
    probe = build_predictions(Y_TRUE, guess(Y_TRUE, 3))
    warnings = warnings_of(metadata_probe=probe, a=build_predictions(Y_TRUE, guess(Y_TRUE, skill)))
    assert [text for text in warnings if text.startswith(f"The metadata alone (metadata_probe) {words} a (")]


def test_without_a_metadata_probe_there_is_no_warning_of_it() -> None:
    comparison = compare_models(
        {"a": good(), "class_prior": PRIOR, "border_probe": build_predictions(Y_TRUE, guess(Y_TRUE, 3, 8))},
        rivals=["a"],
        on_validation=score_on_validation({"a": good()}),
    )
    warnings = warnings_beside({"a": good()}, comparison)
    assert len([text for text in warnings if "border_probe" in text]) == 1
    assert not [text for text in warnings if "metadata" in text]


def test_many_copies_of_one_image_give_a_warning() -> None:
    assert warnings_of(copies={"largest_number_of_copies": 20}, a=good()) == []
    (warning,) = warnings_of(copies={"largest_number_of_copies": 21}, a=good())
    assert warning.startswith("21 images count as copies of one image")


def test_a_weak_precision_with_a_rare_diagnosis_gives_a_warning() -> None:
    """Two groups have the third class; a model that ranks it well is not named."""
    y_true = np.array([0, 0, 1, 1] * 15 + [2] * 4)
    weak, strong = (build_predictions(y_true, guess(y_true, skill)) for skill in (0.6, 6))
    (warning,) = [one for one in warnings_of(weak=weak, strong=strong) if "Do not trust" in one]
    assert warning.startswith("Do not trust the interval of the mean average precision of weak (0.")
    assert "fewer than 3 groups of test images have the diagnosis vascular lesion" in warning


def test_a_weak_precision_with_three_groups_of_each_diagnosis_gives_none() -> None:
    y_true = np.array([0, 0, 1, 1] * 15 + [2] * 6)
    weak = build_predictions(y_true, guess(y_true, 0.6))
    assert not any("Do not trust" in one for one in warnings_of(weak=weak))
