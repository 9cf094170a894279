"""The same seed gives the same weights, whatever is switched on."""

import pytest
import torch

from lesions.hardware.choices import DeviceChoice
from lesions.hardware.device import set_up_device
from lesions.networks.parameters import AnyArchitecture
from tests.builders import PHASE, small_cnn
from tests.training import ALL_NETWORKS, EVERYTHING, train_small, weights_of


def test_the_same_seed_gives_the_same_weights_and_another_seed_others() -> None:
    dropping = small_cnn(dropout=0.5, phases=(PHASE.model_copy(update={"num_epochs": 2}),))
    first, again, other = (weights_of(train_small(architecture=dropping, seed=seed)) for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


DEVICES = [
    "cpu",
    pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA here")),
]


@pytest.mark.parametrize("choice", DEVICES)
@pytest.mark.parametrize("architecture", ALL_NETWORKS)
def test_with_everything_switched_on_the_same_seed_gives_the_same_weights(
    architecture: AnyArchitecture, choice: DeviceChoice
) -> None:
    device = set_up_device(choice, num_threads=torch.get_num_threads())
    first, again, other = (
        train_small(architecture=architecture, device=device, **EVERYTHING, seed=seed) for seed in (0, 0, 1)
    )
    assert torch.equal(weights_of(first), weights_of(again))
    assert first.history == again.history
    assert not torch.equal(weights_of(first), weights_of(other))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA here")
@pytest.mark.parametrize("optimizer", ["adamw", "adam", "sgd"])
@pytest.mark.parametrize("architecture", ALL_NETWORKS)
def test_a_recorded_step_learns_what_an_eager_one_does(architecture: AnyArchitecture, optimizer: str) -> None:
    device = set_up_device("cuda", num_threads=1)
    changes = EVERYTHING | {"optimizer": {"name": optimizer, "momentum": 0.9 if optimizer == "sgd" else None}}
    eager, recorded = (
        train_small(architecture=architecture, device=device, **changes, execution=execution)
        for execution in ("eager", "graph")
    )
    assert torch.equal(weights_of(recorded), weights_of(eager))
    assert recorded.history == eager.history
