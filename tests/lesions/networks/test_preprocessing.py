"""Pixels are normalised as the architecture says."""

import pytest
import torch

from lesions.networks.parameters import AnyArchitecture
from lesions.networks.preprocessing import build_preprocessing
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
