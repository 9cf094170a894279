"""The optimiser of a phase: which parameters it trains, and at which learning rates."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn, optim

from lesions.networks.classifier import Classifier
from lesions.networks.parameters import AnyArchitecture, PhaseParameters
from lesions.training.parameters import OptimizerParameters

LARGEST_LAYER = 0.8
"""Fraction of a backbone's parameters; a module that holds more is not one layer but a container of layers."""


def build_optimizer(
    network: Classifier, architecture: AnyArchitecture, phase: PhaseParameters, parameters: OptimizerParameters
) -> optim.Optimizer:
    """Freeze the layers that the phase does not train, and build the optimiser of the others.

    Each parameter group has a `name` and its peak learning rate, `peak`. Weight decay applies to weights, not to
    parameters with a single axis, which are biases and the scales of normalisation. On CUDA the rates are tensors,
    because a recorded step reads them from memory.
    """
    on_cuda = next(network.parameters()).is_cuda
    network.backbone.requires_grad_(phase.backbone_factor is not None)
    groups: list[dict[str, Any]] = []
    for name, learnt, peak in list_rates(network, architecture, phase):
        matrices = [parameter for parameter in learnt if parameter.ndim > 1]
        vectors = [parameter for parameter in learnt if parameter.ndim <= 1]
        rate = torch.tensor(peak, device="cuda") if on_cuda else peak
        group = {"name": name, "lr": rate, "peak": peak}
        groups.append(group | {"params": matrices, "weight_decay": parameters.weight_decay})
        groups.append(group | {"params": vectors, "weight_decay": 0.0})
    groups = [group for group in groups if group["params"]]
    match parameters.name:
        case "sgd":
            assert parameters.momentum is not None
            return optim.SGD(groups, momentum=parameters.momentum, nesterov=parameters.momentum > 0, fused=True)
        case "adam":
            return optim.Adam(groups, fused=True, capturable=on_cuda)
        case "adamw":
            return optim.AdamW(groups, fused=True, capturable=on_cuda)


def list_rates(
    network: Classifier, architecture: AnyArchitecture, phase: PhaseParameters
) -> Iterator[tuple[str, list[nn.Parameter], float]]:
    """Yield the name, the parameters and the peak rate of each layer that learns, the head first."""
    rate = architecture.learning_rate * phase.learning_rate_factor
    yield "head", list(network.head.parameters()), rate
    if phase.backbone_factor is None:
        return
    rate *= phase.backbone_factor
    if architecture.layer_decay == 1:
        yield "backbone", list(network.backbone.parameters()), rate
        return
    for depth, (name, parameters) in enumerate(reversed(list_layers(network.backbone))):
        yield name, parameters, rate * architecture.layer_decay**depth


def list_layers(backbone: nn.Module) -> list[tuple[str, list[nn.Parameter]]]:
    """List the name and the parameters of each layer of a backbone, from its input to its output.

    The layers are the backbone's child modules; a child that holds more than `LARGEST_LAYER` of all parameters is
    replaced by its own children. ResNet-18 has the layers `conv1`, `bn1` and `layer1` to `layer4`; the layers of the
    custom CNN and of a transformer are their blocks. Parameters outside any child belong to the layer after them.
    Networks of timm say themselves what their layers are.
    """
    if hasattr(backbone, "group_matcher"):
        from lesions.networks.timm_backbone import list_timm_layers  # loads timm, which takes seconds

        return list_timm_layers(backbone)
    most = LARGEST_LAYER * sum(parameter.numel() for parameter in backbone.parameters())
    return list(_split(backbone, "", most))


def _split(module: nn.Module, name: str, most: float) -> Iterator[tuple[str, list[nn.Parameter]]]:
    """Yield the layers of a module: the module itself if it is small enough, else those of its children."""
    parameters = list(module.parameters())
    parts = [(part_name, part) for part_name, part in module.named_children() if list(part.parameters())]
    if not parts or (name and sum(parameter.numel() for parameter in parameters) <= most):
        yield name or "backbone", parameters
        return
    own = list(module.parameters(recurse=False))
    for part_name, part in parts:
        for layer_name, layer in _split(part, f"{name}.{part_name}".removeprefix("."), most):
            yield layer_name, own + layer
            own = []


def set_rate(optimizer: optim.Optimizer, rate: float) -> None:
    """Set the learning rate of each group to a fraction `rate` of its peak."""
    for group in optimizer.param_groups:
        if isinstance(group["lr"], Tensor):
            group["lr"].fill_(group["peak"] * rate)
        else:
            group["lr"] = group["peak"] * rate


def add_l1(optimizer: optim.Optimizer, strength: float) -> None:
    """Add the gradient of an L1 penalty: `strength` times the sum of the absolute weights, without biases."""
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            if parameter.ndim > 1:
                parameter.grad.add_(parameter.detach().sign(), alpha=strength)
