"""Any classification network of torchvision as a backbone, without its last layer."""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlparse

import torch
from torch import Tensor, nn

from lesions.errors import InputError

NUM_IMAGENET_CLASSES = 1000


def build_torchvision_backbone(name: str, weights: Mapping[str, Tensor] | None) -> tuple[nn.Module, int]:
    """Build a network by torchvision's name, load its weights, and remove its last layer.

    Returns
    -------
    backbone
        Returns features (B, F).
    num_features
        F.

    Raises
    ------
    InputError
        If torchvision has no such classification network, or the weights do not fit it.
    """
    from torchvision import models  # loading it takes a second, which networks without it need not pay

    _check_known(name)
    with torch.device("cpu"):  # some networks compute their sizes with tensors, which no other device may do
        network = models.get_model(name, weights=None)
    if weights is not None:
        try:
            network.load_state_dict(weights)
        except RuntimeError as error:
            raise InputError(f"the weights do not fit {name}: {' '.join(str(error).split())[:300]}") from error
    path, layer = _find_last_layer(network)
    network.set_submodule(path, nn.Identity())
    _remove_last_dropout(network, path)
    if isinstance(network, models.ResNet):
        # Max pooling before the ReLU gives the same result, and the ReLU has only a quarter of the pixels.
        network.relu, network.maxpool = nn.Identity(), nn.Sequential(network.maxpool, network.relu)
    return network, layer.in_features


def find_weights(name: str, sha256: str | None = None) -> Any:
    """Return torchvision's entry of the pretrained weights of a network.

    Parameters
    ----------
    sha256
        The hash of the file of weights, whose first digits torchvision writes at the end of the file's name; None for
        the weights that torchvision calls the best.

    Returns
    -------
    The entry, or None if the file is none of torchvision's.

    Raises
    ------
    InputError
        If torchvision has no such classification network.
    """
    from torchvision import models  # loading it takes a second, which networks without it need not pay

    _check_known(name)
    weights = models.get_model_weights(name)
    if sha256 is None:
        return weights.DEFAULT
    return next((each for each in weights if sha256.startswith(read_hash_prefix(each.url))), None)


def read_hash_prefix(address: str) -> str:
    """Return the first digits of the sha256 of a file of weights, with which torchvision ends the file's name."""
    return PurePosixPath(urlparse(address).path).stem.rpartition("-")[2]


def _check_known(name: str) -> None:
    from torchvision import models

    known = models.list_models(module=models)
    if name not in known:
        raise InputError(f"torchvision has no classification network {name!r}; known are {', '.join(known)}")


def _remove_last_dropout(network: nn.Module, path: str) -> None:
    """Remove the dropout directly before the last layer, which is at `path`: the head has its own."""
    parent, _, attribute = path.rpartition(".")
    modules = list(network.get_submodule(parent).named_children())
    before = [name for name, _ in modules].index(attribute) - 1
    if before >= 0 and isinstance(modules[before][1], nn.Dropout):
        network.set_submodule(f"{parent}.{modules[before][0]}".removeprefix("."), nn.Identity())


def _find_last_layer(network: nn.Module) -> tuple[str, nn.Linear]:
    """Find the linear layer that returns the logits of ImageNet's classes."""
    for path, module in reversed(list(network.named_modules())):
        if isinstance(module, nn.Linear) and module.out_features == NUM_IMAGENET_CLASSES:
            return path, module
    raise InputError(f"{type(network).__name__} has no linear last layer that could be replaced")
