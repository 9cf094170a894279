"""Sections of architectures, and the networks that they describe."""

import re
from copy import deepcopy
from typing import Any

import pytest
import torch
from torch import nn
from torchvision import models

from lesions.errors import InputError
from lesions.networks.architecture import build_network
from lesions.networks.custom_cnn import build_custom_cnn
from lesions.networks.parameters import read_architecture
from lesions.networks.torchvision_backbone import build_torchvision_backbone
from tests.builders import WriteParams

PHASE = {"name": "all", "num_epochs": 1, "layers": "all", "learning_rate_factor": 1, "backbone_factor": 0.5}
COMMON = {
    "size_px": 32,
    "normalisation": "auto",
    "head_widths": [],
    "head_batch_norm": False,
    "dropout": 0.0,
    "learning_rate": 0.001,
    "layer_decay": 1,
    "phases": [PHASE],
}
CNN = {
    "backbone": "custom_cnn",
    "widths": [4, 8],
    "convolutions_per_block": 1,
    "batch_norm": True,
    "residual": False,
    **COMMON,
}
RESNET = {"backbone": "resnet18", "weights": "none", "weights_sha256": None, "accepted_licences": [], **COMMON}


def read(write_params: WriteParams, **section: Any) -> Any:
    return read_architecture(write_params(architectures={"it": section}), "it")


def test_a_model_without_a_section_is_refused(write_params: WriteParams) -> None:
    with pytest.raises(InputError, match=r"models names 'resnet99', but there is no section architectures.resnet99"):
        read_architecture(write_params(architectures={"it": CNN}), "resnet99")


@pytest.mark.parametrize(
    ("section", "message"),
    [
        (CNN | {"learning_rate": "fast"}, "architectures.it.learning_rate: expected a number, got 'fast'"),
        (CNN | {"learning_rate": 0}, "architectures.it.learning_rate: expected a number > 0, got 0"),
        (CNN | {"weights": "imagenet"}, "architectures.it.weights: there is no such parameter"),
        (CNN | {"widths": []}, "architectures.it.widths: expected at least 1 items, got []"),
        (CNN | {"phases": []}, "architectures.it.phases: expected at least 1 items, got []"),
        (RESNET | {"widths": [1]}, "architectures.it.widths: there is no such parameter"),
        (RESNET | {"dropout": 1}, "architectures.it.dropout: expected a number < 1"),
        (
            RESNET | {"phases": [PHASE | {"layers": "head"}]},
            "it.phases.0: backbone_factor belongs to the layers all or a number of layers; got layers head, back",
        ),
        (
            RESNET | {"phases": [PHASE | {"backbone_factor": None}]},
            "it.phases.0: backbone_factor belongs to the layers all or a number of layers; got layers all, back",
        ),
        (
            RESNET | {"layer_decay": 0.5, "phases": [PHASE | {"layers": "head", "backbone_factor": None}]},
            "architectures.it: layer_decay belongs to a phase in which several layers of the backbone learn, and",
        ),
        (CNN | {"layer_decay": 1.5}, "architectures.it.layer_decay: expected a number <= 1, got 1.5"),
        (
            RESNET | {"layer_decay": 0.5, "phases": [PHASE | {"layers": 1}]},
            "architectures.it: layer_decay belongs to a phase in which several layers of the backbone learn, and",
        ),
        (RESNET | {"phases": [PHASE | {"layers": 0}]}, "layers: expected 'head' or 'all' or a number >= 1, got 0"),
        (RESNET | {"phases": [PHASE | {"layers": "most"}]}, "layers: expected 'head' or 'all' or a whole number"),
        (
            CNN | {"dropout": [0.5, 0.3]},
            "dropout: expected one number, or one for each of the head's 1 linear layers",
        ),
        (
            CNN | {"head_widths": [4], "dropout": [0.5]},
            "of the head's 2 linear layers (those of head_widths and the last one), got 1 numbers",
        ),
        (CNN | {"head_widths": [4], "dropout": [0.5, 1]}, "architectures.it.dropout.1: expected a number < 1, got 1"),
        (
            CNN | {"head_batch_norm": True},
            "head_batch_norm belongs to the hidden layers of the head, and head_widths",
        ),
        (CNN | {"normalisation": "z"}, "architectures.it.normalisation: expected 'auto' or 'unit', got 'z'"),
        (CNN | {"head_widths": [0]}, "architectures.it.head_widths.0: expected a number >= 1, got 0"),
        (CNN | {"convolutions_per_block": 0}, "convolutions_per_block: expected a number >= 1, got 0"),
        (
            CNN | {"residual": True},
            "architectures.it: residual adds the output of a block's convolutions after the first",
        ),
        (
            RESNET | {"weights": "a.pth"},
            "weights_sha256 belongs to weights that are a file, and such a file needs it",
        ),
        (RESNET | {"weights_sha256": "0" * 64}, "weights_sha256 belongs to weights that are a file"),
        (
            RESNET | {"weights": "a.pth", "weights_sha256": "XYZ"},
            "architectures.it.weights_sha256: expected the 64 hexa",
        ),
    ],
)
def test_a_mistake_is_named(write_params: WriteParams, section: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        read(write_params, **section)


def test_the_custom_cnn_has_one_block_per_width(write_params: WriteParams) -> None:
    network = build_network(read(write_params, **CNN), 7, pretrained=True)
    convolutions = [module for module in network.modules() if isinstance(module, nn.Conv2d)]
    assert [(layer.in_channels, layer.out_channels) for layer in convolutions] == [(3, 4), (4, 8)]
    # 3·4·9 + 4·8·9 weights, two batch norms of 2·4 and 2·8, and a head of 8·7 + 7.
    assert sum(parameter.numel() for parameter in network.parameters()) == 108 + 288 + 8 + 16 + 63
    assert network(torch.zeros(2, 3, 33, 33)).shape == (2, 7)


def test_the_custom_cnn_has_the_given_depth(write_params: WriteParams) -> None:
    network = build_network(
        read(write_params, **CNN | {"convolutions_per_block": 2, "batch_norm": False}), 7, pretrained=True
    )
    convolutions = [module for module in network.modules() if isinstance(module, nn.Conv2d)]
    assert [(layer.in_channels, layer.out_channels) for layer in convolutions] == [(3, 4), (4, 4), (4, 8), (8, 8)]
    assert all(layer.bias is not None for layer in convolutions)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in network.modules())
    assert network.backbone(torch.zeros(2, 3, 33, 33)).shape == (2, 8)


def test_the_head_has_the_given_depth(write_params: WriteParams) -> None:
    network = build_network(read(write_params, **CNN | {"head_widths": [16, 5], "dropout": 0.3}), 7, pretrained=True)
    kinds = [type(layer).__name__ for layer in network.head]  # type: ignore[attr-defined]
    assert kinds == ["Dropout", "Linear", "ReLU", "Dropout", "Linear", "ReLU", "Dropout", "Linear"]
    shapes = [tuple(parameter.shape) for parameter in network.head.parameters() if parameter.ndim == 2]
    assert shapes == [(16, 8), (5, 16), (7, 5)]
    assert {layer.p for layer in network.head.modules() if isinstance(layer, nn.Dropout)} == {0.3}


def test_each_layer_of_the_head_has_its_own_dropout_and_batch_norm_after_its_relu(write_params: WriteParams) -> None:
    section = CNN | {"head_widths": [16, 5], "head_batch_norm": True, "dropout": [0.5, 0.3, 0.1]}
    head = build_network(read(write_params, **section), 7, pretrained=True).head
    kinds = [type(layer).__name__ for layer in head.children()]
    hidden = ["Dropout", "Linear", "ReLU", "BatchNorm1d"]
    assert kinds == [*hidden, *hidden, "Dropout", "Linear"]
    assert [layer.p for layer in head.modules() if isinstance(layer, nn.Dropout)] == [0.5, 0.3, 0.1]
    assert [layer.num_features for layer in head.modules() if isinstance(layer, nn.BatchNorm1d)] == [16, 5]


def test_dropout_comes_before_the_head(write_params: WriteParams) -> None:
    network = build_network(read(write_params, **CNN | {"dropout": 0.5}), 7, pretrained=True).train()
    network.backbone.eval()
    images = torch.rand(8, 3, 32, 32)
    assert not torch.equal(network(images), network(images))
    assert torch.equal(network.eval()(images), network(images))


def test_a_residual_block_adds_its_later_convolutions_to_what_the_first_one_gives() -> None:
    backbone = build_custom_cnn((4, 8), convolutions_per_block=2, batch_norm=False, residual=True)
    block = backbone[0]
    first, second = (module for module in block.modules() if isinstance(module, nn.Conv2d))
    images = torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    pooled = torch.relu(torch.max_pool2d(first(images), 2))
    torch.testing.assert_close(block(images), pooled + torch.relu(second(pooled)))
    assert backbone(images).shape == (2, 8)


@pytest.mark.parametrize("backbone", ["resnet18", "mobilenet_v3_small", "shufflenet_v2_x0_5", "regnet_x_400mf"])
def test_torchvision_networks_get_a_new_head(write_params: WriteParams, backbone: str) -> None:
    network = build_network(read(write_params, **RESNET | {"backbone": backbone}), 7, pretrained=True)
    assert network.eval()(torch.zeros(2, 3, 32, 32)).shape == (2, 7)


def test_a_backbone_returns_the_inputs_of_the_removed_last_layer() -> None:
    torch.manual_seed(0)
    backbone, num_features = build_torchvision_backbone("resnet18", None)
    torch.manual_seed(0)
    whole = models.resnet18().eval()
    images = torch.rand(2, 3, 64, 64)
    features = backbone.eval()(images)
    assert features.shape == (2, num_features) == (2, 512)
    torch.testing.assert_close(whole.fc(features), whole(images))


@pytest.mark.parametrize("backbone", ["mobilenet_v2", "mobilenet_v3_small", "efficientnet_b0", "resnet18"])
def test_the_heads_dropout_is_the_only_one_before_the_last_layer(backbone: str) -> None:
    network, _ = build_torchvision_backbone(backbone, None)
    assert [name for name, module in network.named_modules() if isinstance(module, nn.Dropout)] == []


def with_relu_first(backbone: nn.Module) -> nn.Module:
    """Return a copy in which each maximum is taken of what the ReLU lets through, as networks are usually drawn."""
    plain = deepcopy(backbone)
    if isinstance(plain, models.ResNet):
        plain.maxpool, plain.relu = plain.maxpool
        return plain
    for block in plain.children():
        if isinstance(block, nn.Sequential):
            block[-2], block[-1] = block[-1], block[-2]
    return plain


@pytest.mark.parametrize(
    "backbone",
    [
        build_torchvision_backbone("resnet18", None)[0],
        build_custom_cnn((4, 8), convolutions_per_block=2, batch_norm=True, residual=False),
    ],
    ids=["resnet18", "custom_cnn"],
)
def test_max_pooling_before_relu_changes_no_bit(backbone: nn.Module) -> None:
    images = torch.randn(4, 3, 40, 40, generator=torch.Generator().manual_seed(0))
    plain = with_relu_first(backbone)
    for network in (backbone, plain):
        network.train()
        network(images).square().sum().backward()
    assert [type(layer).__name__ for layer in plain.modules()] != [
        type(layer).__name__ for layer in backbone.modules()
    ]
    for ours, theirs in zip(backbone.parameters(), plain.parameters(), strict=True):
        assert ours.grad is not None
        assert theirs.grad is not None
        assert torch.equal(ours.grad, theirs.grad)


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"backbone": "resnet19"}, "torchvision has no classification network 'resnet19'; known are alexnet"),
        ({"backbone": "squeezenet1_0"}, "SqueezeNet has no linear last layer that could be replaced"),
        (
            {"backbone": "vit_b_16"},
            "the backbone vit_b_16 does not give logits for images of 32 px: Wrong image height",
        ),
        (
            {"size_px": 16},
            "the backbone resnet18 does not give logits for images of 16 px: they have shrunk to one pixel",
        ),
    ],
)
def test_an_unsuitable_backbone_is_refused_with_the_reason(
    write_params: WriteParams, section: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        build_network(read(write_params, **RESNET | section), 7, pretrained=True)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # torchvision's own, about how some of these draw their weights
def test_every_torchvision_network_works_or_is_refused_with_the_reason(write_params: WriteParams) -> None:
    refused = {}
    for name in models.list_models(module=models):
        if re.search("large|_h_|_l_|_l$|128gf|huge|101|152|xl|b7|b6|b5", name):
            continue  # gigabytes of weights, and the same code as their smaller siblings
        try:
            build_network(read(write_params, **RESNET | {"backbone": name, "size_px": 224}), 3, pretrained=False)
        except InputError as error:
            refused[name] = str(error)
    assert sorted(refused) == ["googlenet", "inception_v3", "squeezenet1_0", "squeezenet1_1"]


def test_initial_weights_depend_on_torchs_seed(write_params: WriteParams) -> None:
    def weights(seed: int) -> torch.Tensor:
        torch.manual_seed(seed)
        return build_network(read(write_params, **CNN), 7, pretrained=True).state_dict()["head.1.weight"]

    assert torch.equal(weights(0), weights(0))
    assert not torch.equal(weights(0), weights(1))
