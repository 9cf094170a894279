"""The sections of params.yaml that decide how networks are trained."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from lesions.hardware.choices import PrecisionChoice
from lesions.parameters.strict import Section
from lesions.training.sampling import Scheme

Monitor = Literal["loss", "balanced_accuracy", "macro_recall", "macro_f1"]


class SamplingParameters(Section):
    """The section `sampling`."""

    scheme: Scheme


class LossParameters(Section):
    """The section `loss`."""

    kind: Literal["cross_entropy", "focal"]
    focal_gamma: Annotated[float, Field(gt=0)] | None
    label_smoothing: Annotated[float, Field(ge=0, lt=1)]
    class_weights: bool
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
    precision: PrecisionChoice
    batch_size: Annotated[int, Field(ge=2)]
    accumulation_steps: Annotated[int, Field(ge=1)]
    average_decay: Annotated[float, Field(gt=0, lt=1)] | None
    monitor: Monitor
    patience_epochs: Annotated[int, Field(ge=1)]

    @property
    def monitored_score(self) -> str:
        """The name of the monitored metric among the scores of an epoch.

        The mean of the recalls of all classes has two names in the literature; everywhere else it is the balanced
        accuracy.
        """
        return "balanced_accuracy" if self.monitor == "macro_recall" else self.monitor


class PretrainingParameters(Section):
    """The section `pretraining`, of the models whose `weights` are `pretrained`."""

    seed: Annotated[int, Field(ge=0)]
    num_epochs: Annotated[int, Field(ge=1)]
    batch_size: Annotated[int, Field(ge=2)]
    learning_rate: Annotated[float, Field(gt=0)]
