"""The section `hardware`: the device that a run computes on."""

from typing import Annotated

from pydantic import Field

from lesions.hardware.choices import DeviceChoice, ExecutionChoice
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
    """

    device: DeviceChoice
    num_threads: Annotated[int, Field(ge=1)]
    deterministic: bool
    execution: ExecutionChoice
