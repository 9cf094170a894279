"""The layers of a backbone: each parameter is in one, and a phase may train the last ones alone."""

import re

import pytest
import torch
from torch import nn

from lesions.errors import InputError
from lesions.networks.architecture import build_network
from lesions.networks.layers import list_layers, set_train_mode
from lesions.networks.torchvision_backbone import build_torchvision_backbone
from tests.builders import PHASE, small_cnn, small_resnet18


@pytest.mark.parametrize(
    ("backbone", "layers"),
    [
        ("resnet18", ["conv1", "bn1", "layer1", "layer2", "layer3", "layer4"]),
        ("convnext_tiny", [*(f"features.{number}" for number in range(8)), "classifier"]),
        (
            "vit_b_16",
            ["conv_proj", *(f"encoder.layers.encoder_layer_{number}" for number in range(12)), "encoder.ln"],
        ),
        ("alexnet", ["features", "classifier.1", "classifier.4"]),
    ],
)
def test_each_parameter_of_a_backbone_is_in_exactly_one_layer(backbone: str, layers: list[str]) -> None:
    with torch.device("meta"):
        network, _ = build_torchvision_backbone(backbone, None)
    found = list_layers(network)
    assert [name for name, _ in found] == layers
    # In the network's own order, in which the norm of the gradient is summed.
    held = [id(p) for _, parameters in found for p in parameters]
    assert held == [id(p) for p in network.parameters()]


@pytest.mark.parametrize(
    ("architecture", "message"),
    [
        (
            small_resnet18(phases=(PHASE.model_copy(update={"layers": 6}),)),
            "the phase all has layers 6, but the backbone resnet18 has only 6 (conv1, bn1, layer1, layer2, layer3, "
            "layer4); set its layers to all, or to a smaller number",
        ),
        (
            small_cnn(phases=(PHASE.model_copy(update={"layers": 3}),)),
            "the backbone custom_cnn has only 2 (0, 1)",
        ),
    ],
    ids=["resnet18", "custom_cnn"],
)
def test_a_number_of_layers_that_freezes_none_is_refused(architecture: object, message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        build_network(architecture, 2, pretrained=False)  # type: ignore[arg-type]


def block() -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4, affine=False), nn.Dropout(0.5))


@pytest.mark.parametrize(
    ("layers", "training"),
    [("head", []), (1, ["1", "1.0", "1.1", "1.2"]), ("all", None)],
    ids=["head", "last", "all"],
)
def test_what_is_frozen_is_in_evaluation_mode_even_if_it_has_no_parameters(
    layers: str | int, training: list[str] | None
) -> None:
    backbone = nn.Sequential(block(), block(), nn.BatchNorm2d(4, affine=False), nn.Dropout(0.5)).train()
    set_train_mode(backbone, PHASE.model_copy(update={"layers": layers}))
    expected = [name for name, _ in backbone.named_modules()] if training is None else training
    assert [name for name, module in backbone.named_modules() if module.training] == expected
