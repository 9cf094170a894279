"""A moving average of a network's weights over the steps, which validates better than the last step's weights."""

from copy import deepcopy

from torch import nn
from torch.optim.swa_utils import get_ema_multi_avg_fn


class AveragedNetwork:
    """A copy of a network whose weights and batch statistics are exponential moving averages over the steps.

    At step n the decay is min(`decay`, (1 + n) / (10 + n)): the average soon forgets the first steps, in which the
    network changes most.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.network = deepcopy(network)
        self._decay = decay
        # Training and loading write into these tensors and never replace them.
        state, source = self.network.state_dict(), network.state_dict()
        names = [name for name, tensor in state.items() if tensor.is_floating_point()]
        self._averages, self._latest = [state[name] for name in names], [source[name] for name in names]

    def update(self, step: int) -> None:
        """Add the network's weights after a step to the average; steps are counted from 0."""
        average = get_ema_multi_avg_fn(min(self._decay, (1 + step) / (10 + step)))
        average(self._averages, self._latest, None)
