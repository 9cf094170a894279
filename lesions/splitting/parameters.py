"""The section `split`."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from lesions.formats.sha256 import Sha256
from lesions.parameters.strict import Section
from lesions.tables.splits import SPLITS

PUBLISHED = "published"
"""Value of `test_list` when the dataset's own folders name the test images."""

WRITTEN = "data/splits.csv"
"""What the stage `split_by_patient` writes."""

Share = Annotated[float, Field(gt=0, lt=1)]


class Shares(Section):
    """The wanted share of the images for each split."""

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
    max_conflicting_fraction: Annotated[float, Field(ge=0, le=1)]
    shares: Shares
    max_share_deviation: Annotated[float, Field(gt=0, le=1)]
    num_folds: Annotated[int, Field(ge=3)]
    fold: Annotated[int, Field(ge=0)] | None
    test_list: Annotated[str, Field(min_length=1)] | None
    test_list_sha256: Sha256 | None
    keep: Annotated[str, Field(min_length=1)] | None
    keep_sha256: Sha256 | None
    seal: bool

    @property
    def tested_by(self) -> Literal["shares", "fold", "list", "keep"]:
        """What determines the test images."""
        if self.keep is not None:
            return "keep"
        if self.test_list is not None:
            return "list"
        return "shares" if self.fold is None else "fold"

    @property
    def num_groups_needed(self) -> int:
        """How many groups each diagnosis must have at least."""
        return {"shares": len(SPLITS), "keep": len(SPLITS), "fold": self.num_folds, "list": 1}[self.tested_by]

    @model_validator(mode="after")
    def _fold_is_one_of_them(self) -> Self:
        if self.fold is not None and self.fold >= self.num_folds:
            raise ValueError(
                f"fold: expected 0 to {self.num_folds - 1} (num_folds is {self.num_folds}), got {self.fold}"
            )
        return self

    @model_validator(mode="after")
    def _one_thing_says_which_images_test(self) -> Self:
        if self.fold is not None and self.test_list is not None:
            raise ValueError(
                f"fold {self.fold} and test_list {self.test_list} both determine the test images; set one to null"
            )
        is_file = self.test_list not in (None, PUBLISHED)
        if is_file != (self.test_list_sha256 is not None):
            raise ValueError(
                "test_list and test_list_sha256 (what sha256sum prints for the file) must be given together; "
                f"got {self.test_list} and {self.test_list_sha256}"
            )
        return self

    @model_validator(mode="after")
    def _an_earlier_split_is_extended_alone(self) -> Self:
        if (self.keep is None) != (self.keep_sha256 is None):
            raise ValueError(
                "keep and keep_sha256 (what sha256sum prints for the file) must be given together; "
                f"got {self.keep} and {self.keep_sha256}"
            )
        if self.keep is None:
            return self
        for name, value in (("fold", self.fold), ("test_list", self.test_list)):
            if value is not None:
                raise ValueError(
                    f"{name} {value} and keep {self.keep} both determine the test images; set one to null"
                )
        if self.scheme != "group":
            raise ValueError(
                f"keep {self.keep} adds whole groups to a split; with scheme {self.scheme} set it to null"
            )
        if Path(self.keep).absolute() == Path(WRITTEN).absolute():
            raise ValueError(
                f"keep: DVC removes {self.keep} before the stage that writes it; copy it, and name the copy "
                "(docs/new-data.md)"
            )
        return self
