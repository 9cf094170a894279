"""Maps show the places that speak for a class; of a pooled network with a linear head both methods agree."""

import pytest
import torch
from torch import Tensor, nn

from lesions.networks.classifier import Classifier, build_head
from lesions.networks.explainer import Explainer

SIDE = 32


class Backbone(nn.Module):
    """Pools the mean brightness of 8 x 8 places, in three channels, after a ReLU in place."""

    def __init__(self) -> None:
        super().__init__()
        self.places = nn.AvgPool2d(8)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, images: Tensor) -> Tensor:
        """Return the features (B, 3)."""
        features: Tensor = self.relu(self.places(images)).mean(dim=(2, 3))
        return features


class Flat(nn.Module):
    """Has no feature map."""

    def forward(self, images: Tensor) -> Tensor:
        """Return the features (B, 3)."""
        return images.mean(dim=(2, 3))


def build(backbone: nn.Module, *hidden: int) -> Classifier:
    widths = (3, *hidden, 2)
    head = build_head(widths, (0.0,) * (len(widths) - 1), batch_norm=False)
    linear = head[-1]
    assert isinstance(linear, nn.Linear)
    if not hidden:
        linear.weight.data = torch.tensor([[1.0, 0, -1], [0, 1, 0]])
    return Classifier(backbone, head).eval()


def red_corner() -> Tensor:
    """An image whose upper left place is red, and whose lower right place is blue."""
    image = torch.zeros(1, 3, SIDE, SIDE)
    image[:, 0, :8, :8], image[:, 2, 24:, 24:] = 1, 1
    return image


def test_a_map_is_bright_where_the_class_has_its_colour_and_zero_where_it_speaks_against() -> None:
    explainer = Explainer(build(Backbone()), SIDE)
    assert explainer.method == "class activation maps"
    expected = torch.zeros(4, 4)
    expected[0, 0] = 1
    assert torch.equal(explainer.explain(red_corner(), torch.tensor([0]))[0], expected)


def test_a_map_of_which_nothing_speaks_for_the_class_is_zero() -> None:
    assert not Explainer(build(Backbone()), SIDE).explain(red_corner(), torch.tensor([1])).any()


def test_grad_cam_of_a_linear_head_is_the_class_activation_map() -> None:
    explainer = Explainer(network := build(Backbone()), SIDE)
    images, classes = torch.rand(3, 3, SIDE, SIDE), torch.tensor([0, 1, 0])
    exact = explainer.explain(images, classes)
    last = nn.Linear(2, 2, bias=False)
    last.weight.data = torch.eye(2)
    head = nn.Sequential(network.head, last)
    by_gradient = Explainer(Classifier(network.backbone, head).eval(), SIDE)
    assert by_gradient.method == "Grad-CAM maps"
    assert by_gradient.explain(images, classes) == pytest.approx(exact, abs=1e-6)


def test_a_network_without_feature_maps_has_no_method() -> None:
    explainer = Explainer(build(Flat()), SIDE)
    assert explainer.method is None
    with pytest.raises(ValueError, match="has no feature maps"):
        explainer.explain(red_corner(), torch.tensor([0]))
