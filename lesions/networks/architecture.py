"""Building the network that a section `architectures.<name>` describes."""

from collections.abc import Mapping
from copy import deepcopy

import torch
from torch import Tensor, nn

from lesions.errors import InputError
from lesions.networks.classifier import Classifier, build_head
from lesions.networks.custom_cnn import build_custom_cnn
from lesions.networks.parameters import AnyArchitecture, CustomCNNParameters, TorchvisionParameters
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
        If the backbone is unknown or unsuitable, or if its weights cannot be read or downloaded.
    """
    weights = None
    if pretrained and isinstance(architecture, TorchvisionParameters) and architecture.has_pretrained_weights:
        weights = read_weights(architecture.backbone, architecture.weights, architecture.weights_sha256)
    network = assemble_network(architecture, num_classes, weights)
    _check_output(network, architecture)
    return network


def assemble_network(
    architecture: AnyArchitecture, num_classes: int, weights: Mapping[str, Tensor] | None = None
) -> Classifier:
    """Build the network of an architecture without trying it, as for a checkpoint of one that was tried.

    Parameters
    ----------
    weights
        To put into a torchvision backbone, or None.

    Raises
    ------
    InputError
        If the backbone is unknown or unsuitable, or if the weights do not fit it.
    """
    if isinstance(architecture, CustomCNNParameters):
        backbone: nn.Module = build_custom_cnn(
            architecture.widths,
            convolutions_per_block=architecture.convolutions_per_block,
            batch_norm=architecture.batch_norm,
            residual=architecture.residual,
        )
        num_features = architecture.widths[-1]
    else:
        backbone, num_features = build_torchvision_backbone(architecture.backbone, weights)
    head = build_head((num_features, *architecture.head_widths, num_classes), architecture.dropout)
    return Classifier(backbone, head)


def _check_output(network: Classifier, architecture: AnyArchitecture) -> None:
    """Refuse a network that does not return one tensor of logits for images of the architecture's size."""
    size = architecture.size_px
    problem = ""
    # Tensors on the meta device have shapes but no values, so nothing is computed and no random number is drawn.
    shapes = deepcopy(network).to("meta").train()
    for module in shapes.modules():
        if isinstance(module, nn.Conv2d) and max(module.stride) > 1:
            module.register_forward_pre_hook(_refuse_one_pixel)
    try:
        output = shapes(torch.zeros(2, 3, size, size, device="meta"))
    except (RuntimeError, AssertionError, AttributeError, TypeError, ValueError) as error:
        problem = f": {error}"
    else:
        if isinstance(output, Tensor) and output.ndim == 2:
            return
    raise InputError(f"the backbone {architecture.backbone} does not give logits for images of {size} px{problem}")


def _refuse_one_pixel(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
    # One pixel cannot be halved; also, oneDNN then leaves parts of the weights' gradient unwritten in bfloat16.
    if min(inputs[0].shape[-2:]) == 1:
        raise ValueError("they have shrunk to one pixel before the last convolution with a stride")
