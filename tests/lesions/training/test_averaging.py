"""The average of weights over steps, worked by hand."""

import pytest
import torch
from torch import nn

from lesions.training.averaging import AveragedNetwork


def test_the_decay_is_small_at_first_and_reaches_its_parameter() -> None:
    network = nn.Linear(1, 1, bias=False)
    nn.init.constant_(network.weight, 1.0)
    average = AveragedNetwork(network, decay=0.5)
    for step, weight in enumerate((2.0, 4.0)):
        nn.init.constant_(network.weight, weight)
        average.update(step)
    # 1/10 of 1 and 9/10 of 2 are 1.9; 2/11 of that and 9/11 of 4 are 3.618.
    assert average.network.get_parameter("weight").item() == pytest.approx(0.2 * 1.9 / 1.1 + 0.9 * 4 / 1.1)
    nn.init.constant_(network.weight, 0.0)
    before = average.network.get_parameter("weight").item()
    average.update(1000)
    assert average.network.get_parameter("weight").item() == pytest.approx(0.5 * before)


def test_batch_statistics_are_averaged_too_and_the_network_is_unchanged() -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)).to(memory_format=torch.channels_last)
    average = AveragedNetwork(network, decay=0.9)
    network(torch.rand(8, 3, 8, 8))
    moved = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    average.update(10_000)
    mean = average.network.get_buffer("1.running_mean")
    torch.testing.assert_close(mean, 0.1 * moved["1.running_mean"])
    assert all(torch.equal(tensor, moved[name]) for name, tensor in network.state_dict().items())
