"""How unlike the training images an image is, judged by what a backbone sees at each of its depths.

The last features alone are not enough: a trained network maps a landscape to the features of some diagnosis
(docs/predict.md has the rates). The means of the channels at each resolution still tell it apart.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lesions.networks.classifier import Classifier
from lesions.networks.recording import record_outputs

Floats = NDArray[np.floating]

DETECTOR = "principal_components"

NUM_COMPONENTS = 32
"""Directions in which the training images may vary, each by its own variance; all others share one."""

LEAST_STD = 0.01
"""The least standard deviation of a channel, as a fraction of the mean of its depth: a channel that was silent in
training must not decide alone."""


class DepthBackbone(nn.Module):
    """A backbone that also returns the means of its channels at each depth.

    A depth is the last feature map (B, C, H, W) of each resolution. A backbone without feature maps, such as a
    transformer, has one: its features.

    Parameters
    ----------
    backbone
        On the CPU, in evaluation mode.
    size_px
        The side of its images, of which one is tried to find the depths.

    Attributes
    ----------
    widths
        The number of channels at each depth.
    """

    def __init__(self, backbone: nn.Module, size_px: int) -> None:
        super().__init__()
        self.backbone = backbone
        leaves = {name: module for name, module in backbone.named_modules() if not [*module.children()]}
        image = torch.zeros(1, 3, size_px, size_px)
        with torch.no_grad():
            with record_outputs(leaves, keep=_average_places) as outputs:
                backbone(image)
            last = {side: name for name, (side, _) in outputs}
            self._recorded = {name: leaves[name] for name in last.values()}
            self.widths = tuple(means.shape[1] for means in self(image)[1])

    def forward(self, images: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Return the features (B, F), and for each depth the means (B, C), from the input to the output."""
        with record_outputs(self._recorded, keep=_average_places) as outputs:
            features = self.backbone(images)
        last = dict(side_and_means for _, side_and_means in outputs)
        return features, tuple(last.values()) or (features,)


class LogitsAndDepths(nn.Module):
    """A classifier that returns its logits, and the means of its channels at all depths, side by side.

    Attributes
    ----------
    widths
        The number of logits, then of the channels at each depth.
    """

    def __init__(self, network: Classifier, size_px: int) -> None:
        super().__init__()
        self.depths = DepthBackbone(network.backbone, size_px)
        self.head = network.head
        with torch.no_grad():
            (features, _) = self.depths(torch.zeros(1, 3, size_px, size_px))
            self.widths = (self.head(features).shape[1], *self.depths.widths)

    def forward(self, images: Tensor) -> Tensor:
        """Return all of them for images (B, 3, H, W), (B, K + C + …)."""
        features, depths = self.depths(images)
        return torch.cat([self.head(features), *depths], dim=1)


def _average_places(output: Tensor) -> tuple[int, Tensor] | None:
    """Return the side of a feature map (B, C, H, W) and the means (B, C) of its channels; None of anything else."""
    if output.ndim != 4 or output.shape[-1] == 1:
        return None
    return output.shape[-1], output.float().mean(dim=(2, 3))


class Detector(nn.Module):
    """The distance from the training images, where each direction counts by how much these vary in it.

    It is the Mahalanobis distance under probabilistic principal components (Tipping and Bishop 1999). It keeps no
    image's features, and takes no labels.

    Parameters
    ----------
    mean, scale : (D,)
        What is subtracted from the means of all depths side by side, and what they are then multiplied by.
    directions : (Q, D)
        Of length 1, at right angles.
    variances : (Q,)
        The variance along each direction.
    rest : ()
        The variance along any other.
    """

    mean: Tensor
    scale: Tensor
    directions: Tensor
    variances: Tensor
    rest: Tensor

    def __init__(self, mean: Tensor, scale: Tensor, directions: Tensor, variances: Tensor, rest: Tensor) -> None:
        super().__init__()
        for name, values in (
            ("mean", mean),
            ("scale", scale),
            ("directions", directions),
            ("variances", variances),
            ("rest", rest),
        ):
            self.register_buffer(name, values.float())

    def forward(self, depths: Sequence[Tensor]) -> Tensor:
        """Return the scores (N,), higher for what is less alike, of the means (N, C) at each depth."""
        centred = (torch.cat(list(depths), dim=1) - self.mean) * self.scale  # (N, D)
        along = centred @ self.directions.T  # (N, Q)
        across = centred - along @ self.directions
        squared = (along.square() / self.variances).sum(dim=1) + across.square().sum(dim=1) / self.rest
        return squared.sqrt()


def fit_detector(depths: Sequence[Floats]) -> Detector:
    """Fit the detector to training images, at least four.

    Parameters
    ----------
    depths
        For each depth the means (M, C) of its channels. Every depth counts alike, however many channels it has.
    """
    means = [torch.from_numpy(each).double() for each in depths]
    joined = torch.cat(means, dim=1)  # (M, D)
    mean, scale = joined.mean(dim=0), torch.cat([_scale_channels(each) for each in means])
    _, singular, directions = torch.linalg.svd((joined - mean) * scale, full_matrices=False)
    variances = singular.square() / len(joined)
    Q = min(NUM_COMPONENTS, len(joined) // 4)
    least = torch.finfo(torch.float32).tiny
    rest = variances[Q:].sum().div(joined.shape[1] - Q).clamp(min=least)
    return Detector(mean, scale, directions[:Q], variances[:Q].clamp(min=rest), rest)


@torch.no_grad()
def score_depths(detector: Detector, depths: Sequence[Floats]) -> Floats:
    """Return the scores (N,) of the means (N, C) at each depth."""
    return detector([torch.from_numpy(each) for each in depths]).numpy()


def _scale_channels(means: Tensor) -> Tensor:
    """Return what the channels (M, C) of a depth are multiplied by, (C,), so that they vary alike and sum to one."""
    std = means.std(dim=0, correction=0)
    least = (LEAST_STD * std.mean()).clamp(min=torch.finfo(torch.float32).tiny)
    return 1 / (std.clamp(min=least) * len(std) ** 0.5)
