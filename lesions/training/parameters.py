"""The sections of params.yaml that say how networks are trained."""

from math import ceil
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from lesions.hardware.choices import DeviceChoice, ExecutionChoice, PrecisionChoice
from lesions.parameters.section import Section
from lesions.training.sampling import Scheme

Monitor = Literal["loss", "balanced_accuracy", "macro_f1"]


class SamplingParameters(Section):
    """The section `sampling`."""

    scheme: Scheme


class AugmentationParameters(Section):
    """The section `augmentation`: the largest change of each kind, at strength 1, and how images are mixed.

    Strength is `common_strength` for the most frequent diagnosis of the training images, `rare_strength` for
    the rarest, and between them in proportion to the logarithm of the number of images.
    """

    mirror: bool
    rotation_degrees: Annotated[float, Field(ge=0, le=180)]
    zoom: Annotated[float, Field(ge=0, lt=1)]
    shift: Annotated[float, Field(ge=0, lt=1)]
    brightness: Annotated[float, Field(ge=0, lt=1)]
    contrast: Annotated[float, Field(ge=0, lt=1)]
    saturation: Annotated[float, Field(ge=0, lt=1)]
    hue_degrees: Annotated[float, Field(ge=0, le=180)]
    colour_cast: Annotated[float, Field(ge=0, lt=1)]
    hairs: Annotated[int, Field(ge=0, le=50)]
    blur: Annotated[float, Field(ge=0, le=0.1)]
    cutout: Annotated[float, Field(ge=0, lt=1)]
    mixup_alpha: Annotated[float, Field(ge=0)]
    cutmix_alpha: Annotated[float, Field(ge=0)]
    common_strength: Annotated[float, Field(ge=0)]
    rare_strength: Annotated[float, Field(ge=0)]

    @property
    def max_strength(self) -> float:
        """The strength of the diagnosis that is changed most."""
        return max(self.common_strength, self.rare_strength)

    @property
    def max_hairs(self) -> int:
        """The hairs that an image can get, at the largest strength."""
        return ceil(self.hairs * self.max_strength)


class LossParameters(Section):
    """The section `loss`."""

    kind: Literal["cross_entropy", "focal"]
    focal_gamma: Annotated[float, Field(gt=0)] | None
    label_smoothing: Annotated[float, Field(ge=0, lt=1)]
    logit_adjustment: Annotated[float, Field(ge=0)]

    @model_validator(mode="after")
    def _gamma_belongs_to_focal(self) -> Self:
        if (self.kind == "focal") != (self.focal_gamma is not None):
            raise ValueError(
                f"focal_gamma belongs to the kind focal; got kind {self.kind}, focal_gamma {self.focal_gamma}"
            )
        return self


class OptimizerParameters(Section):
    """The section `optimizer`."""

    name: Literal["sgd", "adam", "adamw"]
    momentum: Annotated[float, Field(ge=0, lt=1)] | None
    weight_decay: Annotated[float, Field(ge=0)]
    l1: Annotated[float, Field(ge=0)]
    max_gradient_norm: Annotated[float, Field(gt=0)] | None

    @model_validator(mode="after")
    def _momentum_belongs_to_sgd(self) -> Self:
        if (self.name == "sgd") != (self.momentum is not None):
            raise ValueError(f"momentum belongs to the name sgd; got name {self.name}, momentum {self.momentum}")
        return self


class ScheduleParameters(Section):
    """The section `schedule`."""

    name: Literal["cosine", "one_cycle", "step", "plateau", "constant"]
    warmup_fraction: Annotated[float, Field(ge=0, lt=1)] | None
    every_epochs: Annotated[int, Field(ge=1)] | None
    factor: Annotated[float, Field(gt=0, lt=1)] | None

    @model_validator(mode="after")
    def _each_has_what_belongs_to_it(self) -> Self:
        for key, value, names in (
            ("warmup_fraction", self.warmup_fraction, ("cosine", "one_cycle")),
            ("every_epochs", self.every_epochs, ("step", "plateau")),
            ("factor", self.factor, ("step", "plateau")),
        ):
            if (self.name in names) != (value is not None):
                raise ValueError(f"{key} belongs to the names {' and '.join(names)}; got {self.name}, {key} {value}")
        return self


class TrainingParameters(Section):
    """The section `training`."""

    seed: Annotated[int, Field(ge=0)]
    device: DeviceChoice
    precision: PrecisionChoice
    deterministic: bool
    execution: ExecutionChoice
    num_threads: Annotated[int, Field(ge=1)]
    batch_size: Annotated[int, Field(ge=2)]
    accumulation_steps: Annotated[int, Field(ge=1)]
    average_decay: Annotated[float, Field(gt=0, lt=1)] | None
    monitor: Monitor
    patience_epochs: Annotated[int, Field(ge=1)]


class TrackingParameters(Section):
    """The section `tracking`."""

    kind: Literal["none", "dvclive"]
