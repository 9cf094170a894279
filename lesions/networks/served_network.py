"""Networks as they are exported: from cached pixels to everything that `lesions predict` needs, in one module."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

import torch
from torch import Tensor, nn

from lesions.networks.activation_maps import compute_maps, find_linear_head, find_mapped_module
from lesions.networks.classifier import Classifier
from lesions.networks.inference import yield_views
from lesions.networks.out_of_distribution import DepthBackbone, Detector
from lesions.networks.recording import record_outputs
from lesions.serving.manifest import CALLED, EMBEDDING, MALIGNANCY, MAPS, OUT_OF_DISTRIBUTION, PROBABILITIES
from lesions.tables.calibrations import Calibration
from lesions.transforms.preprocessing import Preprocessing


class Seen(NamedTuple):
    """What a network sees in N images.

    Attributes
    ----------
    logits : (N, K)
    features : (N, F)
    depths : tuple of (N, C)
        The means of the channels at each depth.
    maps : (N, K, h, w)
        Of the first view; None if the network has no activation maps.
    """

    logits: Tensor
    features: Tensor
    depths: tuple[Tensor, ...]
    maps: Tensor | None


class ServedNetwork(nn.Module):
    """A network with its preprocessing and its views.

    Parameters
    ----------
    network
        In evaluation mode, on the CPU.
    preprocessing
        That of its training.
    cached_px
        The side of the cached images.
    num_views
        Over how many of the eight flips and quarter turns of an image its outputs are averaged.
    """

    resize: Tensor
    mean: Tensor
    std: Tensor

    def __init__(self, network: Classifier, preprocessing: Preprocessing, *, cached_px: int, num_views: int) -> None:
        super().__init__()
        self.network = network
        self.num_views = num_views
        self.register_buffer("resize", build_resize_matrix(preprocessing, cached_px))
        for name in ("mean", "std"):
            self.register_buffer(name, torch.tensor(getattr(preprocessing, name)).view(3, 1, 1))
        self.linear_head = find_linear_head(network.head)
        self.depth_backbone = DepthBackbone(network.backbone, preprocessing.size_px)
        self.mapped = find_mapped_module(network.backbone, preprocessing.size_px) if self.linear_head else None

    def forward(self, images: Tensor) -> Seen:
        """Return what the network sees on average over all views.

        Parameters
        ----------
        images : (N, cached_px, cached_px, 3) float
            The values of the pixels, from 0 to 1.
        """
        # Rows, then columns: the products of matrices that equal sampling by `Preprocessing`.
        resized = self.resize @ (images.permute(0, 3, 1, 2) @ self.resize.T)
        inputs = (resized - self.mean) / self.std
        # All views are one batch, so that the file has the network once.
        views = torch.cat(list(islice(yield_views(inputs), self.num_views)))
        modules = {} if self.mapped is None else {self.mapped: self.network.backbone.get_submodule(self.mapped)}
        with record_outputs(modules, keep=lambda output: output) as outputs:
            features, depths = self.depth_backbone(views)
        maps = None
        if self.mapped is not None and self.linear_head is not None:
            maps = compute_maps(self._divide(outputs[0][1])[0], self.linear_head)
        logits = self._average(self.network.head(features))
        return Seen(logits, self._average(features), tuple(map(self._average, depths)), maps)

    def _divide(self, outputs: Tensor) -> Tensor:
        """Return outputs (V · N, …) as (V, N, …)."""
        return outputs.reshape(self.num_views, -1, *outputs.shape[1:])

    def _average(self, outputs: Tensor) -> Tensor:
        return self._divide(outputs).mean(dim=0) if self.num_views > 1 else outputs


class PooledNetworks(nn.Module):
    """The members of an ensemble: the weighted mean of the log-probabilities of their scaled logits.

    Parameters
    ----------
    networks
        At least two; of a single member, the logits are those of the ensemble.
    scales, weights
        By member, as in `lesions.evaluation.ensembles.Pool`.
    """

    def __init__(
        self, networks: Sequence[ServedNetwork], *, scales: Sequence[float], weights: Sequence[float]
    ) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks)
        self.scales, self.weights = tuple(scales), tuple(weights)

    def forward(self, images: Tensor) -> Seen:
        """Return the combined logits, the features and depths of all members side by side, and no maps."""
        seen: list[Seen] = [network(images) for network in self.networks]
        weighted = [
            weight * torch.log_softmax(scale * member.logits, dim=1)
            for member, scale, weight in zip(seen, self.scales, self.weights, strict=True)
        ]
        return Seen(
            torch.stack(weighted).sum(dim=0),
            torch.cat([member.features for member in seen], dim=1),
            tuple(depth for member in seen for depth in member.depths),
            None,
        )


@dataclass(frozen=True)
class Outputs:
    """How logits and features become the outputs of the file.

    Attributes
    ----------
    calibration
        The calibration of the logits.
    sides
        Whether each class is malignant, or None for one that is neither; None if the classes have no malignant side.
    detector
        Maps the means at all depths to the score (N,), which is higher the less an image is like the training images.
    """

    calibration: Calibration
    sides: tuple[bool | None, ...] | None
    detector: Detector


class ServedModel(nn.Module):
    """A network or an ensemble with all outputs that an exported file has."""

    scale: Tensor
    shift: Tensor
    is_malignant: Tensor

    def __init__(self, networks: ServedNetwork | PooledNetworks, outputs: Outputs) -> None:
        super().__init__()
        self.networks = networks
        self.detector = outputs.detector
        self.register_buffer("scale", torch.tensor(outputs.calibration.scale))
        self.register_buffer("shift", torch.tensor(outputs.calibration.shift))
        self.has_malignant_side = outputs.sides is not None
        self.register_buffer("is_malignant", torch.tensor([float(side is True) for side in outputs.sides or ()]))

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Return the outputs by name, as `lesions.serving.manifest` describes them.

        Parameters
        ----------
        images : (N, cached_px, cached_px, 3) uint8
        """
        seen: Seen = self.networks(images.float() / 255)
        probabilities = torch.softmax(seen.logits * self.scale + self.shift, dim=1)
        outputs = {PROBABILITIES: probabilities, CALLED: seen.logits.argmax(dim=1)}
        if self.has_malignant_side:
            outputs[MALIGNANCY] = (probabilities * self.is_malignant).sum(dim=1)
        outputs |= {EMBEDDING: seen.features, OUT_OF_DISTRIBUTION: self.detector(seen.depths)}
        return outputs if seen.maps is None else outputs | {MAPS: seen.maps}


@torch.no_grad()
def build_resize_matrix(preprocessing: Preprocessing, cached_px: int) -> Tensor:
    """Return the matrix (size_px, cached_px) by which `Preprocessing` resizes each row and each column.

    Its sampling is linear, and the same along both axes. Each column of the matrix is what becomes of an image in
    which one row of pixels is white.
    """
    columns = []
    for row in range(cached_px):
        pixels = torch.zeros(1, cached_px, cached_px, 3, dtype=torch.uint8)
        pixels[:, row] = 255
        columns.append(preprocessing.resize(preprocessing.prepare(pixels))[0, 0, :, 0])
    return torch.stack(columns, dim=1)
