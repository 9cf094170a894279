"""Which experiments make up a cross-validation. docs/experiments.md runs one."""

from typing import Any

import pytest

from lesions.errors import InputError
from lesions.experiments.folds import order_by_fold


def settings(fold: int | None, *, num_folds: int = 3, **training: Any) -> dict[str, Any]:
    return {"split": {"num_folds": num_folds, "fold": fold}, "training": {"seed": 0, **training}}


def test_experiments_are_sorted_by_fold() -> None:
    assert order_by_fold({"x": settings(2), "y": settings(0), "z": settings(1)}) == ["y", "z", "x"]


@pytest.mark.parametrize(
    ("experiments", "message"),
    [
        (
            {"x": settings(0), "y": settings(2)},
            r"no experiment tests the fold 1 of 3; .* `dvc exp run --queue -S split.fold=1`",
        ),
        ({"x": settings(0), "y": settings(1), "z": settings(1)}, r"y and z both test fold 1; name the experiments"),
        (
            {"x": settings(0), "y": settings(1, seed=7), "z": settings(2)},
            r"x and y differ in training.seed \(0 and 7\), so they are not folds of one setting",
        ),
        (
            {"x": settings(0), "y": settings(1, device="cpu"), "z": settings(2)},
            r"x and y differ in training.device \(None and cpu\)",
        ),
        ({"x": settings(0), "y": settings(None)}, r"y does not test a fold: .* split.fold is null or missing"),
        ({"x": settings(0), "y": {"split": {"seed": 0}}}, r"y does not test a fold"),
    ],
)
def test_experiments_that_are_not_one_cross_validation_are_refused(experiments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        order_by_fold(experiments)
