"""The small convolutional network that is trained from scratch."""

from itertools import pairwise

from torch import nn


def build_custom_cnn(widths: tuple[int, ...]) -> nn.Sequential:
    """Build a backbone with one block a width; each block halves the image's side.

    A block is a 3 × 3 convolution, batch norm, ReLU and a 2 × 2 maximum; after the last, the mean over all
    positions gives features of shape (B, widths[-1]). Weights are drawn after He et al. (2015).
    """
    blocks = [_build_block(fan_in, width) for fan_in, width in pairwise((3, *widths))]
    backbone = nn.Sequential(*blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten())
    for module in backbone.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
    return backbone


def _build_block(num_inputs: int, width: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(num_inputs, width, kernel_size=3, padding=1, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2, ceil_mode=True),
    )
