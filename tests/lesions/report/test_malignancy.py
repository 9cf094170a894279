"""The sentence about malignancy says the threshold, what it does, and which images do not count."""

from lesions.evaluation.interval import Estimate
from lesions.report.inputs import MalignancyScores
from lesions.report.malignancy import describe_malignancy


def test_images_that_are_neither_malignant_nor_benign_are_said_if_there_are_any() -> None:
    half = Estimate(0.5, 0.4, 0.6)
    scores = {"threshold": 0.25, "val_sensitivity": 0.96, "sensitivity": half, "specificity": half, "ppv": half}
    some, none = (
        describe_malignancy("custom_cnn", MalignancyScores(num_neither=number, **scores))  # type: ignore[arg-type]
        for number in (1234, 0)
    )
    assert some.startswith("custom_cnn calls an image malignant if its probability is at least 0.250, which gives")
    assert "Left out are 1,234 test images that are neither malignant nor benign." in some
    assert "neither" not in none
