"""The rows of the report's tables have the expected texts."""

import numpy as np
import pytest

from lesions.evaluation.comparison import Comparison
from lesions.evaluation.interval import Difference, Estimate
from lesions.evaluation.verdict import spell_p
from lesions.report.inputs import TrainSummary
from lesions.report.tables import describe_model, list_differences, list_scores, list_tests
from tests.builders import small_cnn, small_resnet18, small_timm
from tests.runs import build_predictions

TRAINED = TrainSummary(num_parameters=11_180_103, best_epoch=4, num_epochs=9)


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ("none", "random"),
        ("imagenet", "ImageNet"),
        ("pretrained", "self-supervised pretraining"),
        ("/home/someone/net.pth", "net.pth"),
    ],
)
def test_a_model_is_described_in_a_row(weights: str, words: str) -> None:
    section = small_resnet18(size_px=64, weights=weights, weights_sha256="a" * 64 if "/" in weights else None)
    assert describe_model("net", section, TRAINED) == {
        "model": "net",
        "backbone": "resnet18",
        "starts from": words,
        "image size": "64 px",
        "parameters": "11,180,103",
        "epoch kept": "4 of 9",
    }


def test_pretrained_weights_are_named_with_their_licence() -> None:
    trained = TRAINED.model_copy(update={"weights_licence": "dinov3-license"})
    section = small_timm(weights="/home/someone/net.safetensors", weights_sha256="a" * 64)
    assert describe_model("net", section, trained)["starts from"] == "net.safetensors, licence dinov3-license"
    on_hub = small_timm(weights=f"hf-hub:timm/net.in1k@{'0' * 40}", weights_sha256="a" * 64)
    assert describe_model("net", on_hub, trained)["starts from"] == f"net.in1k@{'0' * 40}, licence dinov3-license"


def test_a_custom_cnn_starts_from_random_weights() -> None:
    assert describe_model("net", small_cnn(), TRAINED)["starts from"] == "random"


def test_scores_and_differences_have_their_intervals() -> None:
    comparison = Comparison(
        {("b", "macro_f1"): Estimate(0.7, 0.6, 0.8), ("a", "macro_f1"): Estimate(0.5, 0.4, 0.6)},
        {
            ("a", "b", "macro_f1"): Difference(-0.2, -0.3, -0.1, 0.01, 0.02),
            ("a", "b", "accuracy"): Difference(0.1, -0.1, 0.3, 0.4, 0.4),
        },
        {("b", "macro_f1"): 0.65, ("b", "accuracy"): 0.9},
    )
    assert list_scores(comparison, "macro_f1", {"b": "code_b"}) == [
        {
            "model": "b",
            "code_name": "code_b",
            "validation": "0.650",
            "scores": {"macro F1": ("0.700", "0.600 to 0.800")},
        },
        {"model": "a", "code_name": "a", "validation": "", "scores": {"macro F1": ("0.500", "0.400 to 0.600")}},
    ]
    row = {
        "pair": "a − b",
        "difference": "−0.200",
        "interval": "−0.300 to −0.100",
        "p": "0.020",
        "says": "significant",
    }
    assert list_differences(comparison, ["a"], "macro_f1") == [row]
    assert list_differences(comparison, ["c"], "macro_f1") == []
    assert list_differences(comparison, ["a", "b"], "accuracy")[0]["says"] == "not significant"


def test_each_pair_of_models_is_tested() -> None:
    """In nine of ten groups of two images, b is right on one image more: p is 2 / 2^9."""
    y_true = np.zeros(20, dtype=int)
    logits = np.tile([1.0, 0.0, 0.0], (20, 1))
    worse = logits.copy()
    worse[:18:2] = [0.0, 1.0, 0.0]
    (row,) = list_tests({"a": build_predictions(y_true, worse), "b": build_predictions(y_true, logits)})
    assert (row["pair"], row["more right"], row["sign test"]) == ("a, b", "0, 9", f"{2 / 2**9:.3f}")


def test_small_p_values_are_not_zero() -> None:
    assert [spell_p(value) for value in (0.0, 0.00099, 0.001, 0.5)] == ["< 0.001", "< 0.001", "0.001", "0.500"]
