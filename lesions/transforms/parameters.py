"""The section `augmentation`."""

from math import ceil
from typing import Annotated

from pydantic import Field

from lesions.parameters.section import Section


class AugmentationParameters(Section):
    """The section `augmentation`: the largest change of each kind at strength 1, and how images are mixed.

    The strength is `common_strength` for the most frequent diagnosis of the training images and `rare_strength` for
    the rarest; between them it is linear in the logarithm of the number of images.
    """

    mirror: bool
    rotation_degrees: Annotated[float, Field(ge=0, le=180)]
    zoom: Annotated[float, Field(ge=0, lt=1)]
    shift: Annotated[float, Field(ge=0, lt=1)]
    brightness: Annotated[float, Field(ge=0, lt=1)]
    contrast: Annotated[float, Field(ge=0, lt=1)]
    saturation: Annotated[float, Field(ge=0, lt=1)]
    hue_degrees: Annotated[float, Field(ge=0, le=180)]
    colour_cast: Annotated[float, Field(ge=0, lt=1)]
    hairs: Annotated[int, Field(ge=0, le=50)]
    blur: Annotated[float, Field(ge=0, le=0.1)]
    cutout: Annotated[float, Field(ge=0, lt=1)]
    mixup_alpha: Annotated[float, Field(ge=0)]
    cutmix_alpha: Annotated[float, Field(ge=0)]
    common_strength: Annotated[float, Field(ge=0)]
    rare_strength: Annotated[float, Field(ge=0)]

    @property
    def max_strength(self) -> float:
        """The largest strength of any diagnosis."""
        return max(self.common_strength, self.rare_strength)

    @property
    def max_hairs(self) -> int:
        """The largest number of hairs that an image can get."""
        return ceil(self.hairs * self.max_strength)
