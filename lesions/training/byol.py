"""Learning features without labels: bootstrap your own latent (BYOL, Grill et al. 2020, arXiv:2006.07733).

A network predicts, from one view of an image, what a slow average of itself makes of another view. It needs no
negative examples, and so no large batches.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lesions.hardware.device import Precision, to_device
from lesions.networks.architecture import build_network
from lesions.networks.classifier import build_head
from lesions.networks.depthwise import speed_up_depthwise
from lesions.networks.parameters import AnyArchitecture
from lesions.training.averaging import AveragedNetwork
from lesions.training.optimizer import build_optimizer, set_rate
from lesions.training.pretraining_recipe import HIDDEN_WIDTH, OPTIMIZER, PROJECTED_WIDTH, TARGET_DECAY
from lesions.training.step import seed_step


@dataclass(frozen=True)
class PretrainingStep:
    """The results of one step, both () on the device.

    Attributes
    ----------
    loss
        The mean of 1 - cosine similarity of prediction and target: from 0, the same, over 1, unrelated, to 2.
    projection_std
        The standard deviation of the normalised projections, as a fraction of that of evenly spread directions: 1 if
        the projections point everywhere, 0 if they have collapsed into one (Chen and He 2021, arXiv:2011.10566).
    """

    loss: Tensor
    projection_std: Tensor


class SelfLearner:
    """A backbone, and what it learns with from pairs of views.

    Attributes
    ----------
    network
        The backbone with a head of two parts, BYOL's projector and its predictor.
    target
        The moving average of the network, whose projections are predicted.
    optimizer
        Of all layers.
    """

    def __init__(
        self, architecture: AnyArchitecture, *, seed: int, device: torch.device, precision: Precision
    ) -> None:
        torch.manual_seed(seed)
        network = build_network(architecture, PROJECTED_WIDTH, pretrained=False)
        widths = (PROJECTED_WIDTH, HIDDEN_WIDTH, PROJECTED_WIDTH)
        network.head = nn.Sequential(network.head, build_head(widths, (0.0, 0.0), batch_norm=True))
        self.network = to_device(network, device).train()
        self.target = AveragedNetwork(self.network, TARGET_DECAY)
        self.optimizer = build_optimizer(self.network, architecture, architecture.phases[0], OPTIMIZER)
        self._seed = seed
        self._precision = precision

    @property
    def networks(self) -> dict[str, nn.Module]:
        """All networks whose weights are needed to resume, by name."""
        return {"network": self.network, "target": self.target.network}

    def take_step(self, views: Tensor, *, rate: float, number: int) -> PretrainingStep:
        """Take one optimiser step on a batch.

        Parameters
        ----------
        views : (2 B, 3, H, W)
            One view of each image, then another of each.
        rate
            The learning rate, as a fraction of the peak rate.
        number
            The number of the step, counted from 0.
        """
        seed_step(self._seed, number)
        set_rate(self.optimizer, rate)
        self.optimizer.zero_grad()
        device, precision = views.device, self._precision
        with (
            torch.autocast(device.type, precision, enabled=precision != torch.float32),
            speed_up_depthwise(device, precision),
        ):
            projections = project(self.network, views)  # (2 B, D)
            predictions = self.network.get_submodule("head.1")(projections)
            with torch.no_grad():
                targets = project(self.target.network, views)
        # The prediction from each view is compared with the target of the other view of the same image.
        others = targets.float().roll(len(views) // 2, dims=0)
        loss = (1 - F.cosine_similarity(predictions.float(), others)).mean()
        loss.backward()
        self.optimizer.step()
        self.target.update(number)
        return PretrainingStep(loss.detach(), measure_std(projections.detach().float()))


def project(network: nn.Module, views: Tensor) -> Tensor:
    """Return the projections (B, D) of views, which are the outputs of the first part of the head."""
    projections: Tensor = network.get_submodule("head.0")(network.get_submodule("backbone")(views))
    return projections


def measure_std(projections: Tensor) -> Tensor:
    """Return the standard deviation of the directions of vectors (B, D), as a fraction of that of all directions."""
    directions = F.normalize(projections)
    return directions.std(dim=0, correction=0).mean() * directions.shape[1] ** 0.5
