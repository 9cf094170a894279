"""Any network of timm as a backbone, without its classifier."""

from collections.abc import Mapping
from typing import Any

import timm
import torch
from torch import Tensor, nn

from lesions.errors import InputError
from lesions.networks.parameters import TimmParameters
from lesions.networks.timm_weights import find_pretrained_cfg


def build_timm_backbone(architecture: TimmParameters, weights: Mapping[str, Tensor] | None) -> nn.Module:
    """Build a network by timm's name, load its weights, and remove its classifier.

    Parameters
    ----------
    weights
        As timm publishes them, with the classifier. For another input size timm interpolates position embeddings.

    Raises
    ------
    InputError
        If timm has no such network, if it cannot have this input size, or if the weights do not fit it.
    """
    options = _choose_input_options(architecture)
    try:
        if weights is None:
            return _create(architecture.name, options)
        return _load(architecture.name, options, weights)
    except (AssertionError, AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        problem = "cannot be built" if weights is None else "cannot be built with these weights, which do not fit it"
        raise InputError(
            f"{architecture.backbone} {problem}, for images of {architecture.size_px} px: "
            f"{' '.join(str(error).split())[:300]}"
        ) from error


def list_timm_layers(backbone: nn.Module) -> list[tuple[str, list[nn.Parameter]]]:
    """List the name and the parameters of each layer of a network of timm, from its input to its output.

    The layers are those of timm's own layer decay: each block of a transformer or of a convolutional network, and
    what is before and after the blocks.
    """
    network: Any = backbone
    groups = timm.models.group_parameters(network, network.group_matcher(coarse=False), return_values=True)
    return [(f"layer_{number}", groups[number]) for number in sorted(groups)]


def _choose_input_options(architecture: TimmParameters) -> dict[str, Any]:
    """Return the options that build a network for images of the architecture's size."""
    cfg = find_pretrained_cfg(architecture)
    size, (height, width) = architecture.size_px, cfg.input_size[-2:]
    if not architecture.adapt_input_size:
        if cfg.fixed_input_size and {height, width} != {size}:
            raise InputError(
                f"{architecture.backbone} takes images of {height} × {width} px and no others; got size_px {size}. "
                f"Set size_px to {height}, or adapt_input_size to true, which interpolates its position embeddings"
            )
        return {}
    if not cfg.fixed_input_size or {height, width} == {size}:
        what = f"images of {size} px without" if cfg.fixed_input_size else "images of any size; it has no use for"
        raise InputError(f"{architecture.backbone} takes {what} adapt_input_size; set it to false")
    return {"img_size": size}


def _create(name: str, options: Mapping[str, Any]) -> Any:
    network: Any = timm.create_model(name, **options)
    network.reset_classifier(0)
    patches = getattr(network, "patch_embed", None)
    patch_px = getattr(patches, "patch_size", (1, 1))
    if "img_size" in options and any(options["img_size"] % side for side in patch_px):
        raise InputError(
            f"timm/{name} divides images into patches of {patch_px[0]} px, which would leave a rest of an image of "
            f"{options['img_size']} px; set size_px to a multiple of {patch_px[0]}"
        )
    return network


def _load(name: str, options: Mapping[str, Any], weights: Mapping[str, Tensor]) -> nn.Module:
    """Build a network with weights; raise RuntimeError if it has any that they do not set."""
    if not weights:
        raise RuntimeError("the file has no tensors")  # timm would download others
    # timm loads some networks without looking whether anything is missing. What the weights set is different in a
    # second network, whose weights are all different; all else starts from the same random numbers and is the same.
    changed = {key: -1 - tensor if tensor.is_floating_point() else ~tensor for key, tensor in weights.items()}
    built = []
    for given in (dict(weights), changed):
        overlay = {"pretrained": True, "pretrained_cfg_overlay": {"state_dict": given}}
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            built.append(_create(name, {**options, **overlay}))
    for network in built:
        del network.pretrained_cfg["state_dict"]  # every copy of the network would copy it
    first, second = (network.state_dict() for network in built)
    if missing := [key for key in first if torch.equal(first[key], second[key])]:
        raise RuntimeError(f"they do not set {', '.join(missing)}")
    return built[0]
