"""What the report says of the data agrees with their counts, and speaks only of identifiers that there are."""

import re
from typing import Any

import pytest

from lesions.report import data_sentences
from lesions.report.inputs import CopyCounts, RunCounts, SplitSummary
from tests.runs import COPIES, COUNTS, SPLIT

LEAK = {"all": 0.38, "nevus": 0.3, "melanoma": 0.512}
SHARES = "The shares of the diagnoses differ from the requested ones by at most 0.013."
UNNAMED = {
    "grouped_by": "",
    "leaked_test_share": None,
    "num_images_without_patient": 900,
    "num_images_without_identifier": 900,
    "num_test_images_without_identifier": 90,
}


def summary(**changes: Any) -> SplitSummary:
    defaults = {"worst_share_deviation": 0.0126, "image_wise_leaked_test_share": LEAK}
    return SplitSummary(**SPLIT | defaults | changes)


def test_the_class_balance_is_described() -> None:
    shares = [
        {"diagnosis": "nevus", "num_images": 60},
        {"diagnosis": "nevus", "num_images": 20},
        {"diagnosis": "basal_cell_carcinoma", "num_images": 20},
    ]
    assert data_sentences.describe_class_balance(shares) == (
        "Nevus is 80.0% of the images and basal cell carcinoma 20.0%: a ratio of 4 to 1."
    )


@pytest.mark.parametrize(
    ("grouped_by", "whole", "sibling"),
    [
        (
            "patient_id and lesion_id",
            "No patient and no lesion named in the data is in two splits.",
            "an image of the same patient or lesion",
        ),
        ("patient_id", "No patient named in the data is in two splits.", "an image of the same patient"),
        ("lesion_id", "No lesion named in the data is in two splits.", "an image of the same lesion"),
    ],
)
def test_the_split_is_described(grouped_by: str, whole: str, sibling: str) -> None:
    prevented = (
        "With a split image by image, 38.0% of the test images would have a sibling in training, that is, "
        f"{sibling}; for melanoma, 51.2%."
    )
    assert data_sentences.describe_split(summary(grouped_by=grouped_by)) == (
        f"{whole} {prevented} Here none has one. {SHARES}"
    )
    leaked = data_sentences.describe_split(summary(grouped_by=grouped_by, scheme="image", leaked_test_share=0.4))
    assert leaked == f"{prevented} Here 40.0% have one. {SHARES}"


def test_folds_and_lists_are_described() -> None:
    listed = data_sentences.describe_split(summary(tested_by="list", num_siblings_of_listed_dropped=12))
    assert listed.startswith(
        "The test images are those of a published list. 12 other images that share a patient, lesion or picture with "
        "them were left out. No patient and no lesion named in the data is in two splits. With the list alone, 38.0%"
    )
    fold = data_sentences.describe_split(summary(tested_by="fold"))
    assert fold.startswith("The test images are one of several folds; each image is a test image in one of them. No ")


@pytest.mark.parametrize(
    ("num_apart", "words"),
    [
        (0, "25 images are new; 2 of the earlier ones are gone. No patient"),
        (
            3,
            "25 images are new; 2 of the earlier ones are gone; 4 were left out, because they share a patient, "
            "lesion or picture with an image that was in validation or test. No patient",
        ),
    ],
)
def test_an_extended_split_is_described(num_apart: int, words: str) -> None:
    kept = {
        "num_new": {"train": 20, "val": 5},
        "num_gone": {"test": 2},
        "num_apart_dropped": num_apart,
        "num_still_dropped": int(num_apart > 0),
    }
    described = data_sentences.describe_split(summary(tested_by="keep", kept=kept))
    assert described.startswith(f"The split extends an earlier one, whose images stay where they were. {words}")


def test_without_identifiers_only_copies_are_spoken_of() -> None:
    unknown = (
        "The data name no patient and no lesion of the test images: how many have a sibling in training cannot be "
        "known."
    )
    copied = (
        "With a split image by image, 38.0% of the test images would have a copy in training; for melanoma, 51.2%."
    )
    assert data_sentences.describe_split(summary(**UNNAMED)) == (
        f"No picture is in two splits. {copied} {unknown} {SHARES}"
    )
    leak = {"image_wise_leaked_test_share": {"all": 0.0, "nevus": 0.0}}
    assert data_sentences.describe_split(summary(**UNNAMED | leak)) == (
        f"No picture is in two splits. {unknown} {SHARES}"
    )
    image_wise = {"scheme": "image", "copied_test_share": 0.25}
    assert data_sentences.describe_split(summary(**UNNAMED | image_wise)) == (
        f"{copied} Here 25.0% have a copy in training. {unknown} {SHARES}"
    )
    listed = {"tested_by": "list", "num_siblings_of_listed_dropped": 3}
    assert "3 other images that share a picture with them" in data_sentences.describe_split(
        summary(**UNNAMED | listed)
    )


@pytest.mark.parametrize(("share", "words"), [(0.0, "none of the 70"), (0.1, "10.0% of the 70")])
def test_where_some_images_have_no_identifier_their_number_is_said(share: float, words: str) -> None:
    partly = {"num_images_without_identifier": 200, "num_test_images_without_identifier": 20}
    sentence = data_sentences.describe_split(summary(grouped_by="patient_id", leaked_test_share=share, **partly))
    assert "With a split image by image, at least 38.0% of the test images" in sentence
    assert re.search(
        rf"Here {words} test images with a patient in the data ha(s|ve) one; of the 20 others it cannot be known\.",
        sentence,
    )


@pytest.mark.parametrize(
    ("changes", "units"),
    [
        ({}, "patients or lesions"),
        ({"grouped_by": "lesion_id"}, "lesions"),
        (UNNAMED, "images"),
        (
            {"grouped_by": "patient_id", "num_test_images_without_identifier": 5},
            "patients, and single images where the data name neither patient nor lesion",
        ),
    ],
)
def test_intervals_are_over_what_there_is(changes: dict[str, Any], units: str) -> None:
    assert data_sentences.describe_units(summary(**changes)) == units


def test_the_images_add_up() -> None:
    """The numbers of the nine folders of docs: 314 of 2,359 images are contradicted by copies."""
    counts = RunCounts(**COUNTS | {"num_images": 2359, "num_lesions": 0, "num_patients": 0})
    split = summary(num_images={"train": 1433, "val": 308, "test": 304}, num_conflicting_images_dropped=314)
    assert data_sentences.describe_images(counts, split) == (
        "2,359 images: 1,433 for training, 308 for validation, 304 for test, 314 left out."
    )


def test_external_images_are_in_the_sum() -> None:
    split = summary(
        num_images={"train": 700, "val": 70, "test": 80},
        num_external_images=40,
        num_external_images_dropped=4,
        num_conflicting_images_dropped=3,
        num_siblings_of_listed_dropped=3,
    )
    sentence = data_sentences.describe_images(RunCounts(**COUNTS), split)
    assert sentence == (
        "900 images of 450 lesions of 400 patients: 700 for training, 70 for validation, 80 for test, 40 of other "
        "datasets, which are only scored, 10 left out."
    )
    assert 700 + 70 + 80 + 40 + 10 == 900


def test_copies_are_described() -> None:
    def describe(counts: dict[str, int], **changes: Any) -> str:
        return data_sentences.describe_copies(CopyCounts(**COPIES | counts), summary(**changes))

    counts = {"num_exact_pairs": 3, "num_near_pairs": 1200, "num_pairs_without_shared_identifier": 5}
    pairs = "Pairs of files with identical bytes: 3. Pairs of altered copies: 1,200."
    untied = "Of all these pairs, 5 have no patient or lesion in common in the data."
    together = "No pair is in two splits."
    assert describe(counts) == f"{pairs} {untied} {together}"
    assert describe(counts, grouped_by="lesion_id").startswith(
        f"{pairs} Of all these pairs, 5 have no lesion in common"
    )
    assert describe(counts, **UNNAMED) == f"{pairs} {together}"
    assert describe(counts, scheme="image") == f"{pairs} {untied}"
    assert describe(counts, num_conflicting_images_dropped=4) == (
        f"{pairs} {untied} {together} 4 images were left out because a copy has another diagnosis."
    )
    assert describe({}) == "No two images are copies of each other, neither identical nor altered."


@pytest.mark.parametrize(
    ("names", "root", "words"),
    [
        (["csv"], "data/raw/clinic", "clinic"),
        (["image_folder"], "/home/someone/Klinik Zürich/", "Klinik Zürich"),
        (["csv"], "..", "own data"),
        (["csv"], ".", "own data"),
        (["ham10000"], "/somewhere/else", "ham10000"),
        (["csv", "ham10000"], "data/raw", "csv, ham10000"),
    ],
)
def test_own_data_have_the_name_of_their_folder(names: list[str], root: str, words: str) -> None:
    assert data_sentences.spell_datasets(names, root) == words


def test_words_that_became_one_diagnosis_are_said() -> None:
    merged = {
        "nevus": {"nv": 10, "mole": 2},
        "benign_keratosis": {"pigmented benign keratosis": 478, "seborrheic keratosis": 80},
    }
    assert data_sentences.describe_merged(RunCounts(**COUNTS | {"merged_words": merged})) == (
        "Several words of the data are one diagnosis here: seborrheic keratosis 80 + pigmented benign keratosis "
        "478 → benign_keratosis; mole 2 + nv 10 → nevus."
    )
    assert data_sentences.describe_merged(RunCounts(**COUNTS)) == ""
