"""Which parameters learn in a phase, how fast, and what moves them."""

from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import optim

from lesions.networks.architecture import build_network
from lesions.networks.classifier import Classifier
from lesions.networks.layers import set_train_mode
from lesions.networks.parameters import PhaseParameters
from lesions.training.optimizer import add_l1, build_optimizer
from lesions.training.parameters import OptimizerParameters
from tests.builders import PHASE, small_cnn, small_resnet18
from tests.training import OPTIMIZER

HEAD = PHASE.model_copy(update={"layers": "head", "backbone_factor": None, "learning_rate_factor": 2.0})
ALL = PHASE.model_copy(update={"backbone_factor": 0.5})


def optimize(network: Classifier, phase: PhaseParameters, layer_decay: float = 1, **changes: Any) -> optim.Optimizer:
    architecture = small_cnn(learning_rate=0.1).model_copy(update={"layer_decay": layer_decay})
    parameters = OptimizerParameters(**OPTIMIZER | {"weight_decay": 0.3} | changes)
    return build_optimizer(network, architecture, phase, parameters)


def test_head_and_backbone_have_their_own_rates_and_only_matrices_decay() -> None:
    network = build_network(small_cnn(), 3, pretrained=True)
    optimizer = optimize(network, ALL)
    groups = [(group["name"], group["lr"], group["weight_decay"]) for group in optimizer.param_groups]
    assert groups == [("head", 0.1, 0.3), ("head", 0.1, 0.0), ("backbone", 0.05, 0.3), ("backbone", 0.05, 0.0)]
    assert {p.ndim for group in optimizer.param_groups[::2] for p in group["params"]} == {2, 4}
    assert {p.ndim for group in optimizer.param_groups[1::2] for p in group["params"]} == {1}
    held = [p for group in optimizer.param_groups for p in group["params"]]
    assert len(held) == len(list(network.parameters()))


def test_a_head_phase_does_not_change_the_backbone() -> None:
    network = build_network(small_cnn(), 3, pretrained=True)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    optimizer = optimize(network, HEAD)
    assert {group["lr"] for group in optimizer.param_groups} == {0.2}
    network.train()
    network.backbone.eval()
    network(torch.rand(4, 3, 16, 16)).square().sum().backward()
    optimizer.step()
    changed = {name for name, tensor in network.state_dict().items() if not torch.equal(tensor, before[name])}
    assert changed == {"head.1.weight", "head.1.bias"}
    assert all(parameter.grad is None for parameter in network.backbone.parameters())


def test_a_later_phase_of_all_layers_changes_all_layers() -> None:
    network = build_network(small_cnn(), 3, pretrained=True)
    optimize(network, HEAD)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    optimizer = optimize(network, ALL)
    network.train()
    network(torch.rand(4, 3, 16, 16)).square().sum().backward()
    optimizer.step()
    assert all(not torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


def test_each_backbone_layer_has_a_lower_rate_than_the_layer_after_it() -> None:
    network = build_network(small_resnet18(), 3, pretrained=True)
    optimizer = optimize(network, ALL, layer_decay=0.5)
    rates = {group["name"]: group["peak"] for group in optimizer.param_groups}
    expected = {"layer4": 0.05, "layer3": 0.025, "layer2": 0.0125, "layer1": 0.00625, "bn1": 0.003125}
    expected = {f"backbone_{name}": rate for name, rate in expected.items()}
    assert rates == pytest.approx(expected | {"head": 0.1, "backbone_conv1": 0.0015625})
    held = [p for group in optimizer.param_groups for p in group["params"]]
    assert {id(p) for p in held} == {id(p) for p in network.parameters()}
    assert len(held) == len(list(network.parameters()))


LAST_TWO = ALL.model_copy(update={"layers": 2})


def test_only_the_last_layers_learn_and_keep_their_batch_statistics_up_to_date() -> None:
    network = build_network(small_resnet18(), 3, pretrained=True)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    optimizer = optimize(network, LAST_TWO)
    network.train()
    set_train_mode(network.backbone, LAST_TWO)
    network(torch.rand(4, 3, 64, 64)).square().sum().backward()
    optimizer.step()
    changed = {name for name, tensor in network.state_dict().items() if not torch.equal(tensor, before[name])}
    learning = ("head.", "backbone.layer3.", "backbone.layer4.")
    assert changed == {name for name in before if name.startswith(learning)}
    assert {group["name"]: group["peak"] for group in optimizer.param_groups} == {"head": 0.1, "backbone": 0.05}


def test_the_last_layers_have_the_rates_that_they_have_when_all_learn() -> None:
    network = build_network(small_resnet18(), 3, pretrained=True)
    rates = {group["name"]: group["peak"] for group in optimize(network, LAST_TWO, layer_decay=0.5).param_groups}
    assert rates == pytest.approx({"head": 0.1, "backbone_layer4": 0.05, "backbone_layer3": 0.025})


def step_once(name: str, **changes: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """The weights of a head before and after two steps along the gradient of their sum."""
    network = build_network(small_cnn(), 3, pretrained=True)
    optimizer = optimize(network, HEAD, name=name, **changes)
    weight = network.get_parameter("head.1.weight")
    before = weight.detach().clone()
    for _ in range(2):
        optimizer.zero_grad()
        weight.sum().backward()
        optimizer.step()
    return before, weight.detach()


def test_sgd_steps_with_nesterovs_momentum_and_an_l2_penalty() -> None:
    before, after = step_once("sgd", momentum=0.9, weight_decay=0.0)
    # Rate 0.2, gradient 1: the first step is 0.2 (1 + 0.9), the second, of velocity 1.9, 0.2 (1 + 0.9 x 1.9).
    torch.testing.assert_close(after, before - 0.2 * 1.9 - 0.2 * 2.71)
    before, after = step_once("sgd", momentum=0.0, weight_decay=0.5)
    once = before - 0.2 * (1 + 0.5 * before)
    torch.testing.assert_close(after, once - 0.2 * (1 + 0.5 * once))


def test_adam_divides_by_the_gradients_size_and_adamw_decouples_the_decay() -> None:
    before, after = step_once("adam", weight_decay=0.0)
    torch.testing.assert_close(after, before - 0.4)
    before, after = step_once("adamw", weight_decay=0.5)
    # Each step takes 0.2 x 0.5 of the weights off, and then 0.2.
    torch.testing.assert_close(after, (before * 0.9 - 0.2) * 0.9 - 0.2)


def test_l1_adds_the_sign_of_each_weight_but_not_of_biases() -> None:
    network = build_network(small_cnn(), 3, pretrained=True)
    optimizer = optimize(network, ALL)
    sum(p.sum() for p in network.parameters()).backward()  # type: ignore[union-attr]
    add_l1(optimizer, 0.25)
    for name, parameter in network.named_parameters():
        expected = 1 + 0.25 * parameter.detach().sign() if parameter.ndim > 1 else torch.ones_like(parameter)
        torch.testing.assert_close(parameter.grad, expected, msg=name)


@pytest.mark.parametrize(("name", "momentum"), [("adamw", 0.9), ("adam", 0.9), ("sgd", None)])
def test_an_unused_or_missing_momentum_is_refused(name: str, momentum: float | None) -> None:
    with pytest.raises(ValidationError, match=f"momentum belongs to the name sgd; got name {name}, momentum"):
        OptimizerParameters(**OPTIMIZER | {"name": name, "momentum": momentum})
