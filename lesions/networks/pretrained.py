"""Pretrained weights of torchvision's networks: torchvision's own download, or a file with a known hash."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlparse

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor
from torchvision import models

from lesions.errors import InputError


def read_weights(backbone: str, weights: str, sha256: str | None) -> Mapping[str, Tensor]:
    """Read the weights that an architecture names.

    Parameters
    ----------
    backbone
        The network's name in torchvision.
    weights
        `imagenet` for torchvision's own, downloaded on first use and kept in torch's cache; else a file.
    sha256
        Of that file, as hexadecimal digits.

    Raises
    ------
    InputError
        If the file is missing or is not the one expected, or the download cannot be reached.
    """
    return download_imagenet_weights(backbone) if weights == "imagenet" else read_file(Path(weights), sha256)


def download_imagenet_weights(backbone: str) -> Mapping[str, Tensor]:
    """Return torchvision's best ImageNet weights, whose hash torchvision publishes in the file's name."""
    if backbone not in models.list_models(module=models):
        raise InputError(f"torchvision has no ImageNet weights for {backbone!r}")
    url = models.get_model_weights(backbone).DEFAULT.url
    try:
        return torch.hub.load_state_dict_from_url(url, map_location="cpu", check_hash=True, weights_only=True)
    except (URLError, TimeoutError, ConnectionError) as error:
        cached = Path(torch.hub.get_dir(), "checkpoints", Path(urlparse(url).path).name)
        raise InputError(
            f"the ImageNet weights of {backbone} could not be downloaded ({error}). Either put the file that "
            f"{url} serves at {cached}, or set the architecture's weights to the path of a local file and "
            "weights_sha256 to its hash (weights: none trains from scratch)"
        ) from error


def read_file(path: Path, sha256: str | None) -> Mapping[str, Tensor]:
    """Read a state dictionary from a file of tensors, once its hash is seen to be the one expected."""
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"the weights file {path} cannot be read: {error.strerror}") from error
    if found != sha256:
        raise InputError(f"the weights file {path} has the sha256 {found}, expected {sha256}")
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        # Of a pickle, only tensors are read: weights_only refuses everything else.
        weights: Mapping[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    except (SafetensorError, RuntimeError, OSError, ValueError) as error:
        raise InputError(f"the weights file {path} holds no tensors that can be read: {error}") from error
    return weights
