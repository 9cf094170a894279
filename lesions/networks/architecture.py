"""The sections `architectures.<name>`, and the network that each describes."""

from copy import deepcopy
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal, Self

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn

from lesions.errors import InputError
from lesions.formats.sha256 import Sha256
from lesions.networks.custom_cnn import build_custom_cnn
from lesions.networks.pretrained import read_weights
from lesions.networks.torchvision_backbone import build_torchvision_backbone
from lesions.parameters.section import Section, read_parameters, read_section


class PhaseParameters(Section):
    """Which layers learn, for how many epochs, at which rates.

    The head's peak rate is the architecture's `learning_rate` times `learning_rate_factor`; the backbone's is
    the head's times `backbone_factor`.
    """

    name: Annotated[str, Field(min_length=1)]
    num_epochs: Annotated[int, Field(ge=1)]
    layers: Literal["head", "all"]
    learning_rate_factor: Annotated[float, Field(gt=0)]
    backbone_factor: Annotated[float, Field(gt=0)] | None

    @model_validator(mode="after")
    def _backbone_factor_belongs_to_all_layers(self) -> Self:
        if (self.layers == "all") != (self.backbone_factor is not None):
            raise ValueError(
                f"backbone_factor belongs to the layers all; got layers {self.layers}, "
                f"backbone_factor {self.backbone_factor}"
            )
        return self


class ArchitectureParameters(Section):
    """What the section of every architecture has."""

    backbone: str
    size_px: Annotated[int, Field(ge=8, le=2048)]
    head_widths: tuple[Annotated[int, Field(ge=1)], ...]
    dropout: Annotated[float, Field(ge=0, lt=1)]
    learning_rate: Annotated[float, Field(gt=0)]
    layer_decay: Annotated[float, Field(gt=0, le=1)]
    phases: Annotated[tuple[PhaseParameters, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _decay_belongs_to_a_backbone_that_learns(self) -> Self:
        if self.layer_decay != 1 and all(phase.layers == "head" for phase in self.phases):
            raise ValueError(
                f"layer_decay belongs to a phase with layers all, and there is none; got {self.layer_decay}"
            )
        return self

    @property
    def has_pretrained_weights(self) -> bool:
        """Whether the backbone starts from weights that were trained before."""
        return False


class CustomCNNParameters(ArchitectureParameters):
    """A section whose backbone is `custom_cnn`."""

    backbone: Literal["custom_cnn"]
    widths: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1)]
    convolutions_per_block: Annotated[int, Field(ge=1)]
    batch_norm: bool


class TorchvisionParameters(ArchitectureParameters):
    """A section whose backbone is a classification network of torchvision, by torchvision's name."""

    weights: Annotated[str, Field(min_length=1)]
    weights_sha256: Sha256 | None

    @property
    def has_pretrained_weights(self) -> bool:
        """Whether the backbone starts from weights that were trained before."""
        return self.weights != "none"

    @model_validator(mode="after")
    def _file_has_a_hash(self) -> Self:
        if (self.weights in ("none", "imagenet")) != (self.weights_sha256 is None):
            raise ValueError(
                "weights_sha256 belongs to weights that are a file, and such a file needs it; "
                f"got weights {self.weights}, weights_sha256 {self.weights_sha256}"
            )
        return self


AnyArchitecture = CustomCNNParameters | TorchvisionParameters


def read_architecture(params: Path, model: str) -> AnyArchitecture:
    """Read the section `architectures.<model>`.

    Raises
    ------
    InputError
        If there is no such section, or it does not fit its backbone.
    """
    sections = read_parameters(params).get("architectures") or {}
    if model not in sections:
        raise InputError(f"{params}: models names {model!r}, but there is no section architectures.{model}")
    section = sections[model]
    custom = isinstance(section, dict) and section.get("backbone") == "custom_cnn"
    name = f"architectures.{model}"
    if custom:
        return read_section(params, name, CustomCNNParameters)
    return read_section(params, name, TorchvisionParameters)


def check_enough_pixels(model: str, architecture: AnyArchitecture, cached_px: int) -> None:
    """Refuse to enlarge: a network that wants more pixels than were cached would see blurred images.

    Raises
    ------
    InputError
        If the architecture's `size_px` is over `cached_px`, the side of a cached image.
    """
    if architecture.size_px > cached_px:
        raise InputError(
            f"architectures.{model}.size_px is {architecture.size_px}, but the cached images have {cached_px} px; "
            "raise cache_images.size_px (about 1.15 times the largest size_px is good)"
        )


class Classifier(nn.Module):
    """A backbone that turns images (B, C, H, W) into features (B, F), and a head that turns those into logits."""

    def __init__(self, backbone: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = head

    def forward(self, images: Tensor) -> Tensor:
        """Return logits of shape (B, K)."""
        logits: Tensor = self.head(self.backbone(images))
        return logits


def build_network(architecture: AnyArchitecture, num_classes: int, *, pretrained: bool) -> Classifier:
    """Build the network of an architecture, with initial weights drawn from torch's generator.

    Parameters
    ----------
    pretrained
        Whether to put the backbone's pretrained weights in, where the architecture names any.

    Raises
    ------
    InputError
        If the backbone is unknown or unsuitable, or its weights cannot be had.
    """
    if isinstance(architecture, CustomCNNParameters):
        backbone: nn.Module = build_custom_cnn(
            architecture.widths,
            convolutions_per_block=architecture.convolutions_per_block,
            batch_norm=architecture.batch_norm,
        )
        num_features = architecture.widths[-1]
    else:
        weights = None
        if pretrained and architecture.has_pretrained_weights:
            weights = read_weights(architecture.backbone, architecture.weights, architecture.weights_sha256)
        backbone, num_features = build_torchvision_backbone(architecture.backbone, weights)
    head = build_head((num_features, *architecture.head_widths, num_classes), architecture.dropout)
    network = Classifier(backbone, head)
    _check_output(network, architecture)
    return network


def build_head(widths: tuple[int, ...], dropout: float) -> nn.Sequential:
    """Build linear layers from the features to the logits, dropout in front of each and ReLU between them."""
    layers: list[nn.Module] = []
    for fan_in, width in pairwise(widths):
        layers += [nn.Dropout(dropout), nn.Linear(fan_in, width), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers[:-1])


def _check_output(network: Classifier, architecture: AnyArchitecture) -> None:
    """Refuse a network that cannot turn images of the wanted size into one tensor of logits."""
    size = architecture.size_px
    problem = ""
    # Tensors on the meta device have shapes and no values: nothing is computed or drawn.
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
    # There is nothing left to halve; and oneDNN leaves parts of the weights' gradient in bfloat16 unwritten there.
    if min(inputs[0].shape[-2:]) == 1:
        raise ValueError("they have shrunk to one pixel before the last convolution with a stride")
