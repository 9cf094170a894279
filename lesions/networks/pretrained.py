"""Pretrained weights: torchvision's own download, or a file with a known hash, which may be on a hub."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlparse

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from lesions.errors import InputError
from lesions.formats.sha256 import check_hash, hash_file
from lesions.networks.hub import download_from_hub
from lesions.networks.licences import check_licence
from lesions.networks.parameters import HUB_WEIGHTS, PretrainableParameters
from lesions.networks.torchvision_backbone import find_weights, read_hash_prefix


def read_weights(architecture: PretrainableParameters) -> Mapping[str, Tensor]:
    """Read the pretrained weights that an architecture names.

    `imagenet` are torchvision's, downloaded on first use and kept in torch's cache; those in a repository of the
    Hugging Face hub are kept in the hub's cache; all others are a file.

    Raises
    ------
    InputError
        If the file is missing or has another hash, if a download fails, or if the licence must be accepted first.
    """
    on_hub = HUB_WEIGHTS.fullmatch(architecture.weights)
    if not on_hub and architecture.weights != "imagenet":
        # First, because a file with another hash may have another licence.
        check_hash(Path(architecture.weights), architecture.weights_sha256, parameter="weights_sha256")
    check_licence(architecture)
    if architecture.weights == "imagenet":
        return download_imagenet_weights(architecture.backbone)
    if not on_hub:
        return read_tensors(Path(architecture.weights))
    path = download_from_hub(on_hub["repository"], on_hub["commit"])
    check_hash(path, architecture.weights_sha256, parameter="weights_sha256")
    return read_tensors(path)


def download_imagenet_weights(backbone: str) -> Mapping[str, Tensor]:
    """Return torchvision's best ImageNet weights; the file's name contains the first digits of its hash."""
    url = find_weights(backbone).url
    cached = Path(torch.hub.get_dir(), "checkpoints", Path(urlparse(url).path).name)
    if not cached.exists():
        cached.parent.mkdir(parents=True, exist_ok=True)
        try:
            torch.hub.download_url_to_file(url, str(cached))
        except OSError as error:
            raise InputError(
                f"the ImageNet weights of {backbone} could not be downloaded ({error}). Either save {url} as "
                f"{cached}, or set weights in the architecture's section to the path of a local file and "
                "weights_sha256 to what sha256sum prints for it (weights: none trains from scratch)"
            ) from error
    prefix = read_hash_prefix(url)
    sha256 = hash_file(cached)
    if not sha256.startswith(prefix):
        raise InputError(f"{cached} has the sha256 {sha256}, expected one that starts with {prefix}; remove the file")
    return read_tensors(cached)


def read_tensors(path: Path) -> Mapping[str, Tensor]:
    """Read a state dictionary; from a pickle only tensors are read: `weights_only` refuses everything else."""
    if path.suffix == ".safetensors":
        try:
            weights = load_file(path)
        except (SafetensorError, OSError, ValueError) as error:
            raise InputError(f"the weights file {path} contains no readable tensors: {error}") from error
    else:
        try:
            weights = torch.load(path, map_location="cpu", weights_only=True)
        except Exception as error:
            # A broken pickle raises anything. What torch says then is how to run the code in it, which we never do.
            raise InputError(
                f"the weights file {path} contains no readable tensors ({type(error).__name__}): it is broken, or "
                "holds more than tensors; save a state dictionary as .safetensors"
            ) from error
    if not isinstance(weights, dict) or not all(map(_is_plain_tensor, weights.values())):
        raise InputError(f"the weights file {path} contains more than a state dictionary (tensors by name)")
    for name, tensor in weights.items():
        if not tensor.isfinite().all():
            raise InputError(f"the weights file {path} has values in {name} that are not finite numbers")
    return weights


def _is_plain_tensor(value: object) -> bool:
    return isinstance(value, Tensor) and value.layout == torch.strided and not value.is_quantized
