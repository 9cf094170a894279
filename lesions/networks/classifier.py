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


def build_head(widths: tuple[int, ...], dropout: float) -> nn.Sequential:
    """Build the linear layers from the features to the logits, with dropout before each and ReLU between them."""
    layers: list[nn.Module] = []
    for fan_in, width in pairwise(widths):
        layers += [nn.Dropout(dropout), nn.Linear(fan_in, width), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers[:-1])
