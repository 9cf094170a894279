"""A small convolutional network that is trained from scratch."""

from itertools import chain, pairwise

from torch import Tensor, nn


class Shortcut(nn.Module):
    """Layers whose output (B, C, H, W) is added to their input, as in He et al. (2016, arXiv:1512.03385)."""

    def __init__(self, layers: nn.Sequential) -> None:
        super().__init__()
        self.layers = layers

    def forward(self, batch: Tensor) -> Tensor:
        """Return the input plus what the layers make of it."""
        return batch + self.layers(batch)


def build_custom_cnn(
    widths: tuple[int, ...], *, convolutions_per_block: int, batch_norm: bool, residual: bool
) -> nn.Sequential:
    """Build a backbone with one block per width; each block halves the image's side.

    A block has one or more 3 × 3 convolutions, each followed by optional batch norm and ReLU, and ends with 2 × 2
    max pooling. With `residual` the pooling follows the first convolution, and the output of the others is added to
    their input. After the last block, the mean over all positions gives features (B, widths[-1]). The weights are
    initialised as in He et al. (2015).
    """
    backbone = nn.Sequential()
    for fan_in, width in pairwise((3, *widths)):
        convolutions = [
            _build_convolution(channels, width, batch_norm=batch_norm)
            for channels in (fan_in, *[width] * (convolutions_per_block - 1))
        ]
        backbone.append(_build_residual_block(convolutions) if residual else _build_plain_block(convolutions))
    backbone.extend([nn.AdaptiveAvgPool2d(1), nn.Flatten()])
    for module in backbone.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
    return backbone


def _build_convolution(fan_in: int, width: int, *, batch_norm: bool) -> list[nn.Module]:
    convolution = nn.Conv2d(fan_in, width, kernel_size=3, padding=1, bias=not batch_norm)
    return [convolution, *([nn.BatchNorm2d(width)] if batch_norm else []), nn.ReLU(inplace=True)]


def _build_plain_block(convolutions: list[list[nn.Module]]) -> nn.Sequential:
    *first, last = convolutions
    return nn.Sequential(*chain(*first), *_pool(last))


def _build_residual_block(convolutions: list[list[nn.Module]]) -> nn.Sequential:
    first, *others = convolutions
    return nn.Sequential(*_pool(first), Shortcut(nn.Sequential(*chain(*others))))


def _pool(convolution: list[nn.Module]) -> list[nn.Module]:
    # Max pooling before the ReLU gives the same result, and the ReLU has only a quarter of the pixels.
    return [*convolution[:-1], nn.MaxPool2d(2, ceil_mode=True), convolution[-1]]
