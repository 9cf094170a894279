"""The section `training`: what all networks share in how they are trained."""

from typing import Annotated, Literal

from pydantic import Field

from lesions.hardware.device import DeviceChoice, PrecisionChoice
from lesions.parameters.section import Section

Monitor = Literal["loss", "balanced_accuracy", "macro_f1"]


class TrainingParameters(Section):
    """The section `training`."""

    seed: Annotated[int, Field(ge=0)]
    device: DeviceChoice
    precision: PrecisionChoice
    deterministic: bool
    num_threads: Annotated[int, Field(ge=1)]
    batch_size: Annotated[int, Field(ge=2)]
    accumulation_steps: Annotated[int, Field(ge=1)]
    average_decay: Annotated[float, Field(gt=0, lt=1)] | None
    monitor: Monitor
    patience_epochs: Annotated[int, Field(ge=1)]
