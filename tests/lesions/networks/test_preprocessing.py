"""Pixels are normalised as the architecture says."""

import pytest
import torch

from lesions.networks.parameters import AnyArchitecture
from lesions.networks.preprocessing import build_preprocessing
from lesions.transforms.preprocessing import IMAGENET_MEAN, IMAGENET_STD
from tests.builders import small_cnn, small_resnet18


@pytest.mark.parametrize("architecture", [small_cnn(), small_resnet18()], ids=["custom_cnn", "resnet18"])
def test_pixels_are_scaled_to_imagenets_or_left_between_0_and_1(architecture: AnyArchitecture) -> None:
    pixels = torch.tensor([0, 51, 255], dtype=torch.uint8).view(1, 1, 1, 3)
    imagenet = build_preprocessing(architecture)
    unit = build_preprocessing(architecture.model_copy(update={"normalisation": "unit"}))
    assert imagenet.size_px == unit.size_px == architecture.size_px
    torch.testing.assert_close(unit.normalise(unit.prepare(pixels)).ravel(), torch.tensor([0, 0.2, 1]))
    expected = torch.tensor([(0 - 0.485) / 0.229, (0.2 - 0.456) / 0.224, (1 - 0.406) / 0.225])
    torch.testing.assert_close(imagenet.normalise(imagenet.prepare(pixels)).ravel(), expected)


HALF = (0.5, 0.5, 0.5)


@pytest.mark.parametrize(
    ("backbone", "digits", "mean", "std"),
    [
        ("efficientnet_v2_l", None, HALF, HALF),
        ("efficientnet_v2_l", "59c71312", HALF, HALF),
        ("efficientnet_v2_l", "0" * 8, IMAGENET_MEAN, IMAGENET_STD),  # no file of torchvision's
        ("efficientnet_v2_m", None, IMAGENET_MEAN, IMAGENET_STD),
        ("resnet18", "f37072fd", IMAGENET_MEAN, IMAGENET_STD),
        ("vgg16", "88682ab5", (0.48235, 0.45882, 0.40784), (1 / 255,) * 3),
        ("vgg16", None, IMAGENET_MEAN, IMAGENET_STD),
    ],
)
def test_the_normalisation_is_that_of_torchvisions_weights(
    backbone: str, digits: str | None, mean: tuple[float, ...], std: tuple[float, ...]
) -> None:
    """The values are those that torchvision documents for each file of weights."""
    file = {"weights": "weights.pth", "weights_sha256": f"{digits:0<64}"} if digits else {"weights": "imagenet"}
    found = build_preprocessing(small_resnet18(backbone=backbone, **file))
    assert found.mean == pytest.approx(mean)
    assert found.std == pytest.approx(std)
