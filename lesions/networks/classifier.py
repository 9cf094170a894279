"""The form of all networks: a backbone and a head."""

from itertools import pairwise

from torch import Tensor, nn


class Classifier(nn.Module):
    """A backbone that maps images (B, C, H, W) to features (B, F), and a head that maps features to logits (B, K)."""

    def __init__(self, backbone: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = head

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits, (B, K)."""
        logits: Tensor = self.head(self.backbone(images))
        return logits


def build_head(widths: tuple[int, ...], dropouts: tuple[float, ...], *, batch_norm: bool) -> nn.Sequential:
    """Build the linear layers from the features to the logits, each with its own dropout before it.

    Each hidden layer is followed by a ReLU, and by batch norm if `batch_norm` is true.
    """
    layers: list[nn.Module] = []
    for (fan_in, width), dropout in zip(pairwise(widths), dropouts, strict=True):
        if layers:
            layers += [nn.ReLU(inplace=True), *([nn.BatchNorm1d(fan_in)] if batch_norm else [])]
        layers += [nn.Dropout(dropout), nn.Linear(fan_in, width)]
    return nn.Sequential(*layers)
