"""The sections `architectures.<name>`."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from lesions.errors import InputError
from lesions.formats.sha256 import Sha256
from lesions.parameters.merging import OVERRIDES
from lesions.parameters.models import read_models
from lesions.parameters.section import read_parameters, validate_section
from lesions.parameters.strict import Section

Dropout = Annotated[float, Field(ge=0, lt=1)]

Normalisation = Literal["auto", "unit"]
"""How pixels are scaled: by the mean and standard deviation of the pretrained weights' images, without weights by
ImageNet's; or from 0 to 1."""


class PhaseParameters(Section):
    """A phase of training: which layers learn, for how many epochs, and at which rates.

    The head's peak rate is the architecture's `learning_rate` times `learning_rate_factor`; that of the backbone's
    layers that learn is the head's times `backbone_factor`. A number in `layers` is how many of the last ones learn.
    """

    name: Annotated[str, Field(min_length=1)]
    num_epochs: Annotated[int, Field(ge=1)]
    layers: Literal["head", "all"] | Annotated[int, Field(ge=1)]
    learning_rate_factor: Annotated[float, Field(gt=0)]
    backbone_factor: Annotated[float, Field(gt=0)] | None

    @model_validator(mode="after")
    def _backbone_factor_belongs_to_a_backbone_that_learns(self) -> Self:
        if (self.layers == "head") != (self.backbone_factor is None):
            raise ValueError(
                f"backbone_factor belongs to the layers all or a number of layers; got layers {self.layers}, "
                f"backbone_factor {self.backbone_factor}"
            )
        return self


class ArchitectureParameters(Section):
    """The parameters that the sections of all architectures have."""

    backbone: str
    size_px: Annotated[int, Field(ge=8, le=2048)]
    normalisation: Normalisation
    head_widths: tuple[Annotated[int, Field(ge=1)], ...]
    head_batch_norm: bool
    dropout: Dropout | tuple[Dropout, ...]
    learning_rate: Annotated[float, Field(gt=0)]
    layer_decay: Annotated[float, Field(gt=0, le=1)]
    phases: Annotated[tuple[PhaseParameters, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _decay_belongs_to_a_backbone_that_learns(self) -> Self:
        if self.layer_decay != 1 and all(phase.layers in ("head", 1) for phase in self.phases):
            raise ValueError(
                "layer_decay belongs to a phase in which several layers of the backbone learn, and there is none; "
                f"got {self.layer_decay}"
            )
        return self

    @model_validator(mode="after")
    def _the_head_has_what_is_set_for_it(self) -> Self:
        num_layers = len(self.head_widths) + 1
        if isinstance(self.dropout, tuple) and len(self.dropout) != num_layers:
            raise ValueError(
                f"dropout: expected one number, or one for each of the head's {num_layers} linear layers (those of "
                f"head_widths and the last one), got {len(self.dropout)} numbers"
            )
        if self.head_batch_norm and not self.head_widths:
            raise ValueError("head_batch_norm belongs to the hidden layers of the head, and head_widths is empty")
        return self

    @property
    def dropouts(self) -> tuple[float, ...]:
        """The dropout before each linear layer of the head."""
        if isinstance(self.dropout, tuple):
            return self.dropout
        return (self.dropout,) * (len(self.head_widths) + 1)

    @property
    def has_pretrained_weights(self) -> bool:
        """Whether the backbone starts from weights that were pretrained elsewhere."""
        return False

    @property
    def is_pretrained_here(self) -> bool:
        """Whether the backbone starts from the weights of the stage `pretrain`."""
        return False


PRETRAINED_HERE = "pretrained"
"""The value of `weights` of a backbone that the stage `pretrain` pretrains."""


class CustomCNNParameters(ArchitectureParameters):
    """A section whose backbone is `custom_cnn`."""

    backbone: Literal["custom_cnn"]
    widths: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1)]
    convolutions_per_block: Annotated[int, Field(ge=1)]
    batch_norm: bool
    residual: bool

    @model_validator(mode="after")
    def _residual_block_has_convolutions_to_bypass(self) -> Self:
        if self.residual and self.convolutions_per_block < 2:
            raise ValueError(
                "residual adds the output of a block's convolutions after the first to their input, and there are "
                f"none; got convolutions_per_block {self.convolutions_per_block}"
            )
        return self


class PretrainableParameters(ArchitectureParameters):
    """A section whose backbone can start from pretrained weights."""

    weights: Annotated[str, Field(min_length=1)]
    weights_sha256: Sha256 | None
    accepted_licences: tuple[Annotated[str, Field(min_length=1)], ...]

    @property
    def has_pretrained_weights(self) -> bool:
        """Whether the backbone starts from weights that were pretrained elsewhere."""
        return self.weights not in ("none", PRETRAINED_HERE)

    @property
    def is_pretrained_here(self) -> bool:
        """Whether the backbone starts from the weights of the stage `pretrain`."""
        return self.weights == PRETRAINED_HERE

    @model_validator(mode="after")
    def _file_has_a_hash(self) -> Self:
        if (self.weights in ("none", "imagenet", PRETRAINED_HERE)) != (self.weights_sha256 is None):
            raise ValueError(
                "weights_sha256 belongs to weights that are a file, and such a file needs it; "
                f"got weights {self.weights}, weights_sha256 {self.weights_sha256}"
            )
        return self

    @model_validator(mode="after")
    def _only_weights_have_a_licence(self) -> Self:
        if self.accepted_licences and not self.has_pretrained_weights:
            raise ValueError(
                "accepted_licences are for weights that were pretrained elsewhere, and weights is "
                f"{self.weights}; got {self.accepted_licences}"
            )
        return self


class TorchvisionParameters(PretrainableParameters):
    """A section whose backbone is the name of a classification network of torchvision."""


HUB_PREFIX = "hf-hub:"
HUB_WEIGHTS = re.compile(HUB_PREFIX + r"(?P<repository>[\w.-]+/[\w.-]+)@(?P<commit>[0-9a-f]{40})", re.ASCII)
"""Weights in a repository of the Hugging Face hub, at a commit."""


class TimmParameters(PretrainableParameters):
    """A section whose backbone is `timm/<name>`, the name of a network of timm, with or without its weights' tag."""

    backbone: Annotated[str, Field(pattern=r"^timm/[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)?$")]
    adapt_input_size: bool

    @property
    def name(self) -> str:
        """The name in timm, such as `convnext_tiny.in12k_ft_in1k`."""
        return self.backbone.removeprefix("timm/")

    @model_validator(mode="after")
    def _weights_are_pinned(self) -> Self:
        if self.weights == "imagenet":
            raise ValueError(
                f"weights imagenet are torchvision's; for {self.backbone} give a file, or a commit of the Hugging "
                f"Face hub such as {HUB_PREFIX}timm/{self.name}@<its 40 digits>, each with weights_sha256, or none"
            )
        if self.weights.startswith(HUB_PREFIX) and not HUB_WEIGHTS.fullmatch(self.weights):
            raise ValueError(
                f"weights on the Hugging Face hub must name a commit, because a branch can change: expected "
                f"{HUB_PREFIX}<owner>/<name>@<40 hexadecimal digits>, got {self.weights!r:.80}"
            )
        return self


class OwnParameters(ArchitectureParameters):
    """A section whose backbone is `own/<file>:<function>`, a function in `own_networks/<file>.py`."""

    backbone: Annotated[str, Field(pattern=r"^own/[A-Za-z][A-Za-z0-9_]*:[A-Za-z][A-Za-z0-9_]*$")]

    @property
    def file(self) -> str:
        """The name of the file, without its folder and suffix."""
        return self.backbone.removeprefix("own/").partition(":")[0]

    @property
    def function(self) -> str:
        """The name of the function that builds the backbone."""
        return self.backbone.partition(":")[2]


AnyArchitecture = CustomCNNParameters | TorchvisionParameters | TimmParameters | OwnParameters

SECTION_BY_SOURCE: dict[str, type[AnyArchitecture]] = {
    "custom_cnn": CustomCNNParameters,
    "timm": TimmParameters,
    "own": OwnParameters,
}
"""The model of a section by what its backbone begins with, up to a slash; all others are torchvision's."""


def read_architectures(params: Path) -> dict[str, Any]:
    """Return the content of the section `architectures`, by model; raise InputError if it is not a section."""
    sections = read_parameters(params).get("architectures")
    if not isinstance(sections, dict):
        raise InputError(f"{params}: architectures: expected a section for each model, got {sections!r}")
    return {str(model): section for model, section in sections.items()}


def find_architecture(params: Path, model: str) -> dict[str, Any]:
    """Return the content of the section `architectures.<model>`; if there is none, raise InputError."""
    sections = read_architectures(params)
    if model not in sections:
        raise InputError(f"{params}: models names {model!r}, but there is no section architectures.{model}")
    if not isinstance(sections[model], dict):
        raise InputError(f"{params}: architectures.{model}: expected a section, got {sections[model]!r}")
    return sections[model]


def read_architecture(params: Path, model: str) -> AnyArchitecture:
    """Read the section `architectures.<model>`, without its overrides of other sections.

    Raises
    ------
    InputError
        If there is no such section, or if it is not valid for its backbone.
    """
    section = {key: value for key, value in find_architecture(params, model).items() if key != OVERRIDES}
    name = f"architectures.{model}"
    source = str(section.get("backbone")).partition("/")[0]
    return validate_section(params, name, section, SECTION_BY_SOURCE.get(source, TorchvisionParameters))


def list_own_files(params: Path) -> dict[str, str | None]:
    """Return, by listed model, the name of the file in `own_networks/` that builds its backbone, or None."""
    sections = read_parameters(params).get("architectures")
    files: dict[str, str | None] = {}
    for model in read_models(params):
        section = sections.get(model) if isinstance(sections, dict) else None
        is_own = isinstance(section, dict) and str(section.get("backbone")).startswith("own/")
        architecture = read_architecture(params, model) if is_own else None
        files[model] = architecture.file if isinstance(architecture, OwnParameters) else None
    return files
