"""Class activation maps: where in an image a network sees what speaks for each class.

If the features are the spatial mean of some module's output and the head is one linear layer, each logit is the mean
of a map plus the layer's bias (Zhou et al. 2016, arXiv:1512.04150). Such a map is exact and takes no gradient.
"""

from collections import Counter

import torch
from torch import Tensor, nn

from lesions.networks.recording import record_outputs

TOLERANCE = 1e-4
"""How far the mean of a map may be from the features, as a fraction of the largest feature."""


@torch.no_grad()
def find_mapped_module(backbone: nn.Module, size_px: int) -> str | None:
    """Find the last module whose output (B, F, h, w) has the features as its spatial mean, by trying two images.

    Parameters
    ----------
    backbone
        In evaluation mode, on the CPU.
    size_px
        The side of its images.

    Returns
    -------
    str
        The module's name in the backbone; None if there is no such module, as in transformers and in networks that
        normalise after pooling, or if its output is a single place.
    """
    images = torch.randn(2, 3, size_px, size_px, generator=torch.Generator().manual_seed(0))
    with record_outputs(dict(backbone.named_modules()), keep=lambda output: output) as outputs:
        features = backbone(images)
    num_calls = Counter(name for name, _ in outputs)
    for name, output in reversed(outputs):
        # A module that is called several times has no output of its own.
        if num_calls[name] == 1 and has_places(output) and are_features(output.mean(dim=(2, 3)), features):
            return name
    return None


def are_features(means: Tensor, features: Tensor) -> bool:
    """Return whether the means (B, C) of the channels of a module are the features (B, F), but for rounding."""
    if means.shape != features.shape:
        return False
    return float((means - features).abs().max()) <= TOLERANCE * float(features.abs().max())


def has_places(output: Tensor) -> bool:
    """Return whether an output (B, C, h, w) has several places."""
    return output.ndim == 4 and output.shape[2:].numel() > 1


def find_linear_head(head: nn.Module) -> nn.Linear | None:
    """Return the only layer of a head that computes anything; None if there are several, or if it is not linear."""
    layers = [module for module in head.modules() if not isinstance(module, nn.Sequential | nn.Dropout | nn.Identity)]
    return layers[0] if len(layers) == 1 and isinstance(layers[0], nn.Linear) else None


def compute_maps(activations: Tensor, head: nn.Linear) -> Tensor:
    """Return the maps (B, K, h, w) of activations (B, F, h, w); the mean of a map plus its bias is its logit."""
    return torch.einsum("kf,bfhw->bkhw", head.weight, activations)
