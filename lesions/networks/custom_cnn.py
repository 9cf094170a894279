"""A small convolutional network that is trained from scratch."""

from itertools import pairwise

from torch import nn


def build_custom_cnn(widths: tuple[int, ...], *, convolutions_per_block: int, batch_norm: bool) -> nn.Sequential:
    """Build a backbone with one block per width; each block halves the image's side.

    A block has one or more 3 × 3 convolutions, each followed by optional batch norm and ReLU, and ends with 2 × 2
    max pooling. After the last block, the mean over all positions gives features (B, widths[-1]). The weights are
    initialised as in He et al. (2015).
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
    # Max pooling before the last ReLU gives the same result, and the ReLU has only a quarter of the pixels.
    layers.insert(-1, nn.MaxPool2d(2, ceil_mode=True))
    return nn.Sequential(*layers)
