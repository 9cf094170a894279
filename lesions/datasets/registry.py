"""The datasets by name, and the parameters that choose one."""

from typing import Annotated, Literal

from pydantic import Field

from lesions.datasets.adapter import Adapter
from lesions.datasets.ham10000 import HAM10000
from lesions.parameters.section import Section

ADAPTERS: dict[str, Adapter] = {"ham10000": HAM10000, "synthetic": HAM10000}


class DatasetParameters(Section):
    """The section `dataset`."""

    name: Literal["ham10000", "synthetic"]
    root: Annotated[str, Field(min_length=1)]
    max_rejected_fraction: Annotated[float, Field(ge=0, le=1)]
