"""The section `augmentation`."""

from math import ceil
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from lesions.parameters.strict import Section


class AugmentationParameters(Section):
    """The section `augmentation`: the largest change of each kind at strength 1, and how images are mixed.

    The strength is `common_strength` for the most frequent diagnosis of the training images and `rare_strength` for
    the rarest; between them it is linear in the logarithm of the number of images. Mirror, rotation and crops are the
    same at every strength. A crop is taken of the cached image; if its side is more than 1.5 times the network's, the
    image is first shrunk to the network's size, and the crop enlarged from that.
    """

    mirror: Literal["none", "horizontal", "vertical", "both"]
    rotation_degrees: Annotated[float, Field(ge=0, le=180)]
    zoom: Annotated[float, Field(ge=0, lt=1)]
    shift: Annotated[float, Field(ge=0, lt=1)]
    crop_area: tuple[Annotated[float, Field(gt=0, lt=1)], Annotated[float, Field(gt=0, le=1)]] | None
    crop_aspect: tuple[Annotated[float, Field(gt=0)], Annotated[float, Field(gt=0)]] | None
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

    @model_validator(mode="after")
    def _a_crop_has_an_area_and_an_aspect(self) -> Self:
        if (self.crop_area is None) != (self.crop_aspect is None):
            raise ValueError(
                "crop_area and crop_aspect belong together; got crop_area "
                f"{_describe(self.crop_area)}, crop_aspect {_describe(self.crop_aspect)}"
            )
        for name, limits in (("crop_area", self.crop_area), ("crop_aspect", self.crop_aspect)):
            if limits is not None and limits[0] > limits[1]:
                raise ValueError(f"{name}: expected the smaller number first, got {_describe(limits)}")
        return self

    @property
    def max_strength(self) -> float:
        """The largest strength of any diagnosis."""
        return max(self.common_strength, self.rare_strength)

    @property
    def max_hairs(self) -> int:
        """The largest number of hairs that an image can get."""
        return ceil(self.hairs * self.max_strength)


def _describe(limits: tuple[float, float] | None) -> str:
    return "null" if limits is None else str(list(limits))
