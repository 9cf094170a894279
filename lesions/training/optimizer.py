"""The optimiser of a phase: which parameters it trains, and at which learning rates."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn, optim

from lesions.networks.classifier import Classifier
from lesions.networks.layers import list_learning_layers
from lesions.networks.parameters import AnyArchitecture, PhaseParameters
from lesions.training.parameters import OptimizerParameters


def build_optimizer(
    network: Classifier, architecture: AnyArchitecture, phase: PhaseParameters, parameters: OptimizerParameters
) -> optim.Optimizer:
    """Freeze the layers that the phase does not train, and build the optimiser of the others.

    Each parameter group has a `name` and its peak learning rate, `peak`. Weight decay applies to weights, not to
    parameters with a single axis, which are biases and the scales of normalisation. On CUDA the rates are tensors,
    because a recorded step reads them from memory.
    """
    on_cuda = next(network.parameters()).is_cuda
    network.backbone.requires_grad_(False)
    groups: list[dict[str, Any]] = []
    for name, learnt, peak in list_rates(network, architecture, phase):
        for parameter in learnt:
            parameter.requires_grad_(True)
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
    """Yield a name of its own, the parameters and the peak rate of each layer that learns, the head first."""
    rate = architecture.learning_rate * phase.learning_rate_factor
    yield "head", list(network.head.parameters()), rate
    if phase.backbone_factor is None:
        return
    rate *= phase.backbone_factor
    layers = list_learning_layers(network.backbone, phase)
    if architecture.layer_decay == 1:
        yield "backbone", [parameter for _, parameters in layers for parameter in parameters], rate
        return
    for depth, (name, parameters) in enumerate(reversed(layers)):
        yield f"backbone_{name}", parameters, rate * architecture.layer_decay**depth


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
