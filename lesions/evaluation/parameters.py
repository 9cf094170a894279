"""The section `evaluation`."""

from typing import Annotated, Literal

from pydantic import Field

from lesions.parameters.section import Section

CalibrationMethod = Literal["none", "temperature", "vector"]


class EvaluationParameters(Section):
    """The section `evaluation`.

    Attributes
    ----------
    num_views
        8 averages the logits over the flips and quarter turns of an image.
    calibration
        What is fitted to the logits of the validation images.
    sensitivity
        That the threshold for malignancy has to reach on the validation images.
    min_subgroup_groups
        Subgroups with fewer groups are not scored.
    """

    num_views: Literal[1, 8]
    calibration: CalibrationMethod
    sensitivity: Annotated[float, Field(gt=0, le=1)]
    min_subgroup_groups: Annotated[int, Field(ge=2)]
