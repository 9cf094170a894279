"""Which module has the maps of a network, and which head can turn them into maps of classes."""

import pytest
import torch
from torch import nn

from lesions.networks.activation_maps import are_features, compute_maps, find_linear_head, find_mapped_module
from lesions.networks.classifier import build_head

POOLING = (nn.AdaptiveAvgPool2d(1), nn.Flatten())


def test_the_last_module_whose_mean_are_the_features_has_the_maps() -> None:
    backbone = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(inplace=True), nn.Identity(), *POOLING)
    assert find_mapped_module(backbone, 8) == "2"


def test_a_module_that_is_called_twice_has_no_maps_of_its_own() -> None:
    relu = nn.ReLU()
    backbone = nn.Sequential(nn.Conv2d(3, 4, 3), relu, nn.Conv2d(4, 4, 1), relu, *POOLING)
    assert find_mapped_module(backbone, 8) is None


@pytest.mark.parametrize(
    "last", [nn.Sequential(nn.AdaptiveMaxPool2d(1), nn.Flatten()), nn.Sequential(*POOLING, nn.LayerNorm(4))]
)
def test_without_a_mean_there_are_no_maps(last: nn.Module) -> None:
    torch.manual_seed(0)
    assert find_mapped_module(nn.Sequential(nn.Conv2d(3, 4, 3), last), 8) is None


def test_a_single_place_is_no_map() -> None:
    assert find_mapped_module(nn.Sequential(nn.Conv2d(3, 4, 8), *POOLING), 8) is None


def test_only_a_head_of_one_linear_layer_has_maps() -> None:
    one = build_head((4, 3), (0.5,), batch_norm=False)
    assert find_linear_head(one) is one[1]
    assert find_linear_head(build_head((4, 6, 3), (0.5, 0.5), batch_norm=True)) is None
    assert find_linear_head(nn.Sequential(nn.Dropout(), nn.Tanh())) is None


def test_a_map_by_hand() -> None:
    head = nn.Linear(2, 1)
    head.weight.data = torch.tensor([[2.0, -1.0]])
    activations = torch.tensor([[[[1.0, 0.0]], [[3.0, 1.0]]]])
    assert compute_maps(activations, head).tolist() == [[[[-1.0, -1.0]]]]


def test_rounding_is_relative_to_the_largest_feature() -> None:
    features = torch.tensor([[100.0, 0.0]])
    assert are_features(features + 0.009, features)
    assert not are_features(features + 0.011, features)
    assert not are_features(features[:, :1], features)
