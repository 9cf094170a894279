"""The datasets by name, and the parameters that choose one."""

from typing import Annotated

from pydantic import AfterValidator, Field

from lesions.datasets.adapter import Adapter
from lesions.datasets.ham10000 import HAM10000
from lesions.datasets.pad_ufes_20 import PAD_UFES_20
from lesions.parameters.section import Section

ADAPTERS: dict[str, Adapter] = {
    "ham10000": HAM10000,
    "pad_ufes_20": PAD_UFES_20,
    "synthetic": HAM10000,
}


def _is_known(name: str) -> str:
    if name not in ADAPTERS:
        raise ValueError(f"expected one of {', '.join(ADAPTERS)}, got {name!r}")
    return name


class DatasetParameters(Section):
    """The section `dataset`."""

    name: Annotated[str, AfterValidator(_is_known)]
    root: Annotated[str, Field(min_length=1)]
    max_rejected_fraction: Annotated[float, Field(ge=0, le=1)]
