"""Learning rates: which parameters learn in a phase, and how fast at each step."""

import math

from torch import nn, optim

from lesions.networks.architecture import Classifier, PhaseParameters

FINAL_FACTOR = 0.01
"""What part of the peak rate is left at a phase's last step."""


def one_cycle(step: int, *, num_steps: int, warmup_fraction: float) -> float:
    """Return the part of the peak rate at a step: a linear rise, then half a cosine down to `FINAL_FACTOR`.

    After Smith and Topin (2018, arXiv:1708.07120), without their cycle of the momentum.
    """
    num_warmup = math.ceil(num_steps * warmup_fraction)
    if step < num_warmup:
        return (step + 1) / (num_warmup + 1)
    progress = (step - num_warmup) / max(1, num_steps - 1 - num_warmup)
    return FINAL_FACTOR + (1 - FINAL_FACTOR) * (1 + math.cos(math.pi * progress)) / 2


def build_optimizer(
    network: Classifier, phase: PhaseParameters, *, learning_rate: float, weight_decay: float
) -> optim.AdamW:
    """Freeze what the phase does not train, and build AdamW over the rest.

    Weights decay; biases and the scales of normalisation do not.
    """
    peak = learning_rate * phase.learning_rate_factor
    rates = {"head": peak}
    if phase.backbone_factor is not None:
        rates["backbone"] = peak * phase.backbone_factor
    network.backbone.requires_grad_("backbone" in rates)
    groups = []
    for name, rate in rates.items():
        parameters = list(network.get_submodule(name).parameters())
        matrices = [parameter for parameter in parameters if parameter.ndim > 1]
        vectors = [parameter for parameter in parameters if parameter.ndim <= 1]
        groups.append({"params": matrices, "lr": rate, "peak": rate, "weight_decay": weight_decay, "name": name})
        groups.append({"params": vectors, "lr": rate, "peak": rate, "weight_decay": 0.0, "name": name})
    return optim.AdamW(groups, fused=True)


def set_train_mode(network: nn.Module, phase: PhaseParameters) -> None:
    """Put the layers that learn into training mode; frozen ones keep their batch statistics."""
    network.train()
    if phase.layers == "head":
        network.get_submodule("backbone").eval()
