"""The section `near_duplicates`."""

from typing import Annotated

from pydantic import Field

from lesions.parameters.strict import Section


class NearDuplicateParameters(Section):
    """The section `near_duplicates`."""

    min_correlation: Annotated[float, Field(gt=0, le=1)]
