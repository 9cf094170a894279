"""Building the network that a section `architectures.<name>` describes."""

from collections.abc import Mapping
from copy import deepcopy

import torch
from torch import Tensor, nn

from lesions.errors import InputError
from lesions.networks.classifier import Classifier, build_head
from lesions.networks.custom_cnn import build_custom_cnn
from lesions.networks.layers import check_phases
from lesions.networks.own_network import build_own_backbone
from lesions.networks.parameters import (
    AnyArchitecture,
    CustomCNNParameters,
    OwnParameters,
    PretrainableParameters,
    TimmParameters,
    TorchvisionParameters,
)
from lesions.networks.pretrained import read_weights
from lesions.networks.torchvision_backbone import build_torchvision_backbone


def check_enough_pixels(model: str, architecture: AnyArchitecture, cached_px: int) -> None:
    """Refuse an architecture whose images are larger than the cached images, which would be enlarged and blurred.

    Raises
    ------
    InputError
        If the architecture's `size_px` is larger than `cached_px`, the side of a cached image.
    """
    if architecture.size_px > cached_px:
        raise InputError(
            f"architectures.{model}.size_px is {architecture.size_px}, but the cached images have {cached_px} px; "
            "raise cache_images.size_px (about 1.15 times the largest size_px is good)"
        )


def build_network(architecture: AnyArchitecture, num_classes: int, *, pretrained: bool) -> Classifier:
    """Build the network of an architecture, with initial weights drawn from torch's generator.

    Parameters
    ----------
    pretrained
        Whether to load the backbone's pretrained weights, if the architecture names any.

    Raises
    ------
    InputError
        If the backbone is unknown or unsuitable or has too few layers for a phase, or if its weights cannot be read
        or downloaded.
    """
    weights = None
    if pretrained and isinstance(architecture, PretrainableParameters) and architecture.has_pretrained_weights:
        weights = read_weights(architecture)
    network = assemble_network(architecture, num_classes, weights)
    _infer_output(network, architecture, "logits")
    check_phases(network.backbone, architecture)
    return network


def assemble_network(
    architecture: AnyArchitecture, num_classes: int, weights: Mapping[str, Tensor] | None = None
) -> Classifier:
    """Build the network of an architecture without trying it, as for a checkpoint of one that was tried.

    Parameters
    ----------
    weights
        To put into the backbone, or None.

    Raises
    ------
    InputError
        If the backbone is unknown or unsuitable, or if the weights do not fit it.
    """
    backbone, num_features = _build_backbone(architecture, weights)
    widths = (num_features, *architecture.head_widths, num_classes)
    head = build_head(widths, architecture.dropouts, batch_norm=architecture.head_batch_norm)
    return Classifier(backbone, head)


def _build_backbone(architecture: AnyArchitecture, weights: Mapping[str, Tensor] | None) -> tuple[nn.Module, int]:
    """Return a backbone and its number of features."""
    match architecture:
        case CustomCNNParameters():
            custom = build_custom_cnn(
                architecture.widths,
                convolutions_per_block=architecture.convolutions_per_block,
                batch_norm=architecture.batch_norm,
                residual=architecture.residual,
            )
            return custom, architecture.widths[-1]
        case TorchvisionParameters():
            return build_torchvision_backbone(architecture.backbone, weights)
        case TimmParameters():
            from lesions.networks.timm_backbone import build_timm_backbone  # loads timm, which takes seconds

            backbone = build_timm_backbone(architecture, weights)
        case OwnParameters():
            backbone = build_own_backbone(architecture)
    return backbone, _infer_output(backbone, architecture, "features").shape[1]


def _infer_output(network: nn.Module, architecture: AnyArchitecture, kind: str) -> Tensor:
    """Return the output (2, ...) for two images of the architecture's size, without values; it must have two axes."""
    size = architecture.size_px
    refused = f"the backbone {architecture.backbone} does not give {kind} for images of {size} px"
    try:
        # Tensors on the meta device have shapes but no values, so nothing is computed and no random number is drawn.
        shapes = deepcopy(network).to("meta").train()
        for module in shapes.modules():
            if isinstance(module, nn.Conv2d) and max(module.stride) > 1:
                module.register_forward_pre_hook(_refuse_one_pixel)
        output = shapes(torch.zeros(2, 3, size, size, device="meta"))
    except Exception as error:  # a network of one's own may raise anything
        raise InputError(f"{refused}: {' '.join(str(error).split())[:300]}") from error
    if not isinstance(output, Tensor) or output.ndim != 2 or len(output) != 2:
        what = f"a tensor of shape {tuple(output.shape)}" if isinstance(output, Tensor) else type(output).__name__
        raise InputError(f"{refused}: for 2 images it returns {what}, expected one of shape (2, number of {kind})")
    return output


def _refuse_one_pixel(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
    # One pixel cannot be halved; also, oneDNN then leaves parts of the weights' gradient unwritten in bfloat16.
    if min(inputs[0].shape[-2:]) == 1:
        raise ValueError("they have shrunk to one pixel before the last convolution with a stride")
