"""The rows of the tables."""

import pytest

from lesions.evaluation.comparison import Comparison, Estimate
from lesions.report.tables import describe_model, list_differences, list_scores

TRAINED = {"num_parameters": 11_180_103, "best_epoch": 4, "num_epochs": 9}


@pytest.mark.parametrize(
    ("weights", "words"), [("none", "random"), ("imagenet", "ImageNet"), ("/home/someone/net.pth", "net.pth")]
)
def test_a_model(weights: str, words: str) -> None:
    section = {"backbone": "resnet18", "weights": weights, "size_px": 64}
    assert describe_model("net", section, TRAINED) == {
        "model": "net",
        "backbone": "resnet18",
        "starts from": words,
        "image side": "64 px",
        "parameters": "11,180,103",
        "epoch kept": "4 of 9",
    }


def test_a_custom_cnn_starts_from_nothing() -> None:
    section = {"backbone": "custom_cnn", "widths": [8], "size_px": 64}
    assert describe_model("net", section, TRAINED)["starts from"] == "random"


def test_scores_and_differences() -> None:
    comparison = Comparison(
        {("b", "macro_f1"): Estimate(0.7, 0.6, 0.8), ("a", "macro_f1"): Estimate(0.5, 0.4, 0.6)},
        {
            ("a", "b", "macro_f1"): Estimate(-0.2, -0.3, -0.1),
            ("a", "b", "accuracy"): Estimate(0.1, -0.1, 0.3),
        },
    )
    assert list_scores(comparison) == [
        {"model": "b", "scores": {"macro F1": ("0.700", "0.600 – 0.800")}},
        {"model": "a", "scores": {"macro F1": ("0.500", "0.400 – 0.600")}},
    ]
    row = {"pair": "a − b", "difference": "−0.200", "interval": "−0.300 to −0.100", "says": "beyond noise"}
    assert list_differences(comparison, ["a"], "macro_f1") == [row]
    assert list_differences(comparison, ["c"], "macro_f1") == []
    assert list_differences(comparison, ["a", "b"], "accuracy")[0]["says"] == "within noise"
