"""Which parameters learn in a phase, and how fast."""

import pytest
import torch

from lesions.networks.architecture import build_network
from lesions.training.schedule import FINAL_FACTOR, build_optimizer, one_cycle, set_train_mode
from tests.builders import PHASE, small_cnn

HEAD = PHASE.model_copy(update={"layers": "head", "backbone_factor": None, "learning_rate_factor": 2.0})
ALL = PHASE.model_copy(update={"backbone_factor": 0.5})


def test_the_rate_rises_in_a_line_and_falls_along_a_cosine() -> None:
    rates = [one_cycle(step, num_steps=9, warmup_fraction=0.4) for step in range(9)]
    # 0.4 of 9 steps are 4 of warm-up, at fifths of the peak; 5 steps of half a cosine follow.
    middle = (1 + FINAL_FACTOR) / 2
    assert rates[:5] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1])
    assert rates[6] == pytest.approx(middle)
    assert rates[8] == pytest.approx(FINAL_FACTOR)
    assert rates[5] + rates[7] == pytest.approx(2 * middle)


def test_without_a_warm_up_the_rate_starts_at_its_peak() -> None:
    assert one_cycle(0, num_steps=5, warmup_fraction=0) == 1


def test_a_single_step_is_at_the_peak() -> None:
    assert one_cycle(0, num_steps=1, warmup_fraction=0) == 1


def test_head_and_backbone_have_their_own_rates_and_only_matrices_decay() -> None:
    network = build_network(small_cnn(), 3, pretrained=True)
    optimizer = build_optimizer(network, ALL, learning_rate=0.1, weight_decay=0.3)
    groups = [(group["name"], group["lr"], group["weight_decay"]) for group in optimizer.param_groups]
    assert groups == [("head", 0.1, 0.3), ("head", 0.1, 0.0), ("backbone", 0.05, 0.3), ("backbone", 0.05, 0.0)]
    assert {p.ndim for group in optimizer.param_groups[::2] for p in group["params"]} == {2, 4}
    assert {p.ndim for group in optimizer.param_groups[1::2] for p in group["params"]} == {1}
    held = [p for group in optimizer.param_groups for p in group["params"]]
    assert len(held) == len(list(network.parameters()))


def test_a_head_phase_leaves_the_backbone_as_it_is() -> None:
    network = build_network(small_cnn(), 3, pretrained=True)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    optimizer = build_optimizer(network, HEAD, learning_rate=0.1, weight_decay=0.3)
    assert {group["lr"] for group in optimizer.param_groups} == {0.2}
    set_train_mode(network, HEAD)
    network(torch.rand(4, 3, 16, 16)).square().sum().backward()
    optimizer.step()
    changed = {name for name, tensor in network.state_dict().items() if not torch.equal(tensor, before[name])}
    assert changed == {"head.1.weight", "head.1.bias"}
    assert all(parameter.grad is None for parameter in network.backbone.parameters())


def test_a_phase_of_all_layers_after_it_changes_them_all() -> None:
    network = build_network(small_cnn(), 3, pretrained=True)
    build_optimizer(network, HEAD, learning_rate=0.1, weight_decay=0.3)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    optimizer = build_optimizer(network, ALL, learning_rate=0.1, weight_decay=0.3)
    set_train_mode(network, ALL)
    network(torch.rand(4, 3, 16, 16)).square().sum().backward()
    optimizer.step()
    assert all(not torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
