"""The section `evaluation`."""

from typing import Annotated, Literal

from pydantic import Field

from lesions.parameters.strict import Section

CalibrationMethod = Literal["none", "temperature", "prior_and_temperature", "vector"]
"""The methods of `lesions.evaluation.calibration`, those that fit fewer numbers first."""


class EvaluationParameters(Section):
    """The section `evaluation`.

    Attributes
    ----------
    num_views
        8 averages the logits over the flips and quarter turns of each image; 1 uses the image alone.
    calibration
        The method fitted to the logits of the validation images; auto: the one that cross-fitting chooses.
    set_confidence
        The share of images whose true class is to be in their prediction set.
    sensitivity
        The sensitivity that the threshold for malignancy is expected to reach on new images; no threshold of finitely
        many images is expected to reach 1.
    prevalence
        The shares of malignant images for which PPV and NPV are stated, besides that of the test images.
    min_subgroup_groups
        The smallest number of groups with which a subgroup is scored.
    min_malignant_groups
        The smallest number of malignant groups with which a subgroup's sensitivity is computed.
    """

    num_views: Literal[1, 8]
    calibration: CalibrationMethod | Literal["auto"]
    set_confidence: Annotated[float, Field(gt=0, lt=1)]
    sensitivity: Annotated[float, Field(gt=0, lt=1)]
    prevalence: tuple[Annotated[float, Field(gt=0, lt=1)], ...]
    min_subgroup_groups: Annotated[int, Field(ge=2)]
    min_malignant_groups: Annotated[int, Field(ge=2)]
