"""The card of a model."""

from lesions.serving.card import build_card
from tests.served import build_manifest


def test_a_card_says_what_the_manifest_says() -> None:
    card = build_card(build_manifest())
    assert card.startswith("# custom_cnn\n\n## Intended use\n\nResearch; no diagnosis.\n\n## Classes\n\n")
    for line in (
        "* melanoma (malignant): melanoma",
        "* vascular lesion (benign): vascular lesion",
        "On 100 images of 50 groups (patients or lesions).",
        "| balanced accuracy | 0.800 | 0.700 to 0.900 |",
        "* Called malignant from a probability of malignancy of 0.4.",
        "* Abstains if the probability of the diagnosis is below 0.5.",
        "* Not like the training images above a score of 0.9 (mahalanobis).",
        "* Prediction sets hold the true class for 90 % of such images.",
        "16 × 16 pixels (fit: crop), 8 views per image; images up to 4 megapixels.",
        "* Weights of custom_cnn: trained from scratch",
        "* Data synthetic: MIT",
        "* checkpoint of custom_cnn: sha256 000000000000…",
        "* torch 2",
    ):
        assert f"\n{line}\n" in card
    assert "ensemble" not in card


def test_a_card_says_that_the_test_images_are_sealed() -> None:
    card = build_card(build_manifest(scores={}, num_test_images=0, num_test_groups=0))
    assert "The test images are sealed: nothing was measured on them yet." in card
    assert "| score |" not in card


def test_a_card_leaves_out_what_there_is_not() -> None:
    thresholds = build_manifest().thresholds.model_dump() | {"malignancy": None}
    scores = {"accuracy": {"value": 0.5, "low": None, "high": None}}
    card = build_card(build_manifest(thresholds=thresholds, scores=scores, members={"a": 0.25, "b": 0.75}))
    assert "Called malignant" not in card
    assert "| accuracy | 0.500 |  |" in card
    assert "An ensemble, with the weights a 0.25, b 0.75." in card


def test_a_card_says_that_every_image_is_called_malignant() -> None:
    thresholds = build_manifest().thresholds.model_dump() | {"malignancy": 0.0}
    card = build_card(build_manifest(thresholds=thresholds))
    assert "\n* Every image is called malignant: validation has too few malignant images for a threshold.\n" in card
    assert "Called malignant from" not in card
