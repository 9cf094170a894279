"""The section `split`."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from lesions.parameters.section import Section

SPLITS = ("train", "val", "test")

Share = Annotated[float, Field(gt=0, lt=1)]


class Shares(Section):
    """The part of the images that each split should get."""

    train: Share
    val: Share
    test: Share

    @model_validator(mode="after")
    def _sum_to_one(self) -> Self:
        total = self.train + self.val + self.test
        if abs(total - 1) > 1e-9:
            raise ValueError(f"train, val and test must sum to 1, got {total:g}")
        return self


class SplitParameters(Section):
    """The section `split`."""

    seed: Annotated[int, Field(ge=0)]
    scheme: Literal["group", "image"]
    conflicting_copies: Literal["drop", "keep"]
    shares: Shares
    max_share_deviation: Annotated[float, Field(gt=0, le=1)]
