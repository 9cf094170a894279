"""BYOL's step is the published one: its loss, whose gradient the target does not get, and the target's average."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from lesions.training.byol import SelfLearner, measure_std
from tests.pretraining import small_recipe

CPU = torch.device("cpu")
VIEWS = torch.randn(8, 3, 32, 32, generator=torch.Generator().manual_seed(0))


def build_learner() -> SelfLearner:
    return SelfLearner(small_recipe().architecture, seed=0, device=CPU, precision=torch.float32)


def compute_outputs(network: nn.Module) -> list[NDArray[np.float32]]:
    """Return the projections and the predictions for the views, of unit length."""
    with torch.no_grad():
        projections = network.get_submodule("head.0")(network.get_submodule("backbone")(VIEWS))
        predictions = network.get_submodule("head.1")(projections)
    outputs = [each.numpy() for each in (projections, predictions)]
    return [each / np.linalg.norm(each, axis=1, keepdims=True) for each in outputs]


def test_each_view_predicts_the_targets_projection_of_the_other_view() -> None:
    learner = build_learner()
    network, target = deepcopy(learner.network), deepcopy(learner.target.network)
    _, predictions = compute_outputs(network)
    projections, _ = compute_outputs(target)
    expected = np.mean([1 - predictions[i] @ projections[(i + 4) % 8] for i in range(8)])
    assert float(learner.take_step(VIEWS, rate=1.0, number=0).loss) == pytest.approx(expected, abs=1e-5)


def test_the_target_has_no_gradient_and_follows_the_network() -> None:
    learner = build_learner()
    name = "head.0.1.weight"
    before = learner.target.network.get_parameter(name).detach().clone()
    learner.take_step(VIEWS, rate=1.0, number=0)
    after = learner.network.get_parameter(name).detach()
    assert not torch.equal(before, after)
    assert all(parameter.grad is None for parameter in learner.target.network.parameters())
    assert all(parameter.grad is not None for parameter in learner.network.parameters())
    # The decay of the first step is 1/10.
    torch.testing.assert_close(learner.target.network.get_parameter(name).detach(), 0.1 * before + 0.9 * after)


def test_two_views_that_are_alike_soon_have_a_lower_loss() -> None:
    learner = build_learner()
    losses = [float(learner.take_step(VIEWS, rate=1.0, number=number).loss) for number in range(20)]
    assert losses[-1] < losses[0] / 2


def test_directions_of_all_kinds_have_a_standard_deviation_of_one_and_one_direction_of_zero() -> None:
    spread = torch.randn(4000, 64, generator=torch.Generator().manual_seed(0))
    assert float(measure_std(spread)) == pytest.approx(1, abs=0.02)
    assert float(measure_std(spread[:1].expand(10, -1) * torch.arange(1, 11)[:, None])) == pytest.approx(0, abs=1e-6)
    # Two opposite directions of two dimensions: each component is 1/√2 or its opposite.
    assert float(measure_std(torch.tensor([[3.0, 3.0], [-1.0, -1.0]]))) == pytest.approx(1)
