"""The section `hardware`: the device that a run computes on."""

from typing import Annotated

from pydantic import Field

from lesions.hardware.choices import DeviceChoice, ExecutionChoice, Numerics
from lesions.parameters.strict import Section


class HardwareParameters(Section):
    """The section `hardware`.

    Attributes
    ----------
    device
        The device; auto takes the best one that torch finds.
    num_threads
        Number of CPU threads; another number changes the last bits of every weight.
    deterministic
        Whether results repeat to the bit; false is faster on CUDA.
    execution
        How a training step is run.
    numerics
        Whether torch computes as fast as this processor can, or by what processors have in common.
    """

    device: DeviceChoice
    num_threads: Annotated[int, Field(ge=1)]
    deterministic: bool
    execution: ExecutionChoice
    numerics: Numerics
