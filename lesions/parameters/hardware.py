"""The section `hardware`: the device that a run computes on."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from lesions.hardware.choices import DeviceChoice, ExecutionChoice, Numerics
from lesions.parameters.strict import Section


class HardwareParameters(Section):
    """The section `hardware`.

    Attributes
    ----------
    device
        The device; auto takes the best one that torch finds.
    num_threads
        Number of CPU threads of each process; another number changes the last bits of every weight.
    deterministic
        Whether results repeat to the bit; false is faster on CUDA.
    execution
        How a training step is run.
    numerics
        Whether torch computes as fast as this processor can, or by what processors have in common.
    num_processes
        Number of processes that train one network together; each has a share of every batch.
    synchronise_batch_norm
        Whether batch norm has the statistics of the whole batch, or in each process those of its share.
    """

    device: DeviceChoice
    num_threads: Annotated[int, Field(ge=1)]
    deterministic: bool
    execution: ExecutionChoice
    numerics: Numerics
    num_processes: Annotated[int, Field(ge=1)]
    synchronise_batch_norm: bool

    @model_validator(mode="after")
    def _one_process_has_the_whole_batch(self) -> Self:
        if self.num_processes == 1 and not self.synchronise_batch_norm:
            raise ValueError("synchronise_batch_norm false belongs to a num_processes above 1; got num_processes 1")
        return self
