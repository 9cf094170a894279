"""The small convolutional network that is trained from scratch."""

from itertools import pairwise

from torch import nn


def build_custom_cnn(widths: tuple[int, ...], *, convolutions_per_block: int, batch_norm: bool) -> nn.Sequential:
    """Build a backbone with one block a width; each block halves the image's side.

    A block is a 3 × 3 convolution, batch norm if asked for and ReLU, once or more, and a 2 × 2 maximum; after the
    last, the mean over all positions gives features (B, widths[-1]). Weights are drawn after He et al. (2015).
    """
    blocks = [
        _build_block((fan_in, *[width] * convolutions_per_block), batch_norm=batch_norm)
        for fan_in, width in pairwise((3, *widths))
    ]
    backbone = nn.Sequential(*blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten())
    for module in backbone.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
    return backbone


def _build_block(widths: tuple[int, ...], *, batch_norm: bool) -> nn.Sequential:
    layers: list[nn.Module] = []
    for fan_in, width in pairwise(widths):
        layers.append(nn.Conv2d(fan_in, width, kernel_size=3, padding=1, bias=not batch_norm))
        layers += [nn.BatchNorm2d(width)] if batch_norm else []
        layers.append(nn.ReLU(inplace=True))
    # In front of the last ReLU, which has a quarter of the pixels then, the maximum is the same.
    layers.insert(-1, nn.MaxPool2d(2, ceil_mode=True))
    return nn.Sequential(*layers)
