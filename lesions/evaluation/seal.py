"""The seal on test images: while `split.seal` is true, no prediction table, metric, plot or page is about them.

The stages that write predictions leave out the rows of sealed splits. Every later reader knows the seal by a table
without test images, or by `sealed` in a metrics file.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from lesions.errors import InputError, cut_value
from lesions.formats.json_file import write_metrics, write_plot_rows
from lesions.parameters.section import read_section
from lesions.splitting.parameters import SplitParameters
from lesions.tables.predictions import Predictions
from lesions.tables.splits import EXTERNAL, SCORED_SPLITS, read_splits

SEALED_SPLITS = ("test", EXTERNAL)
"""The splits of the images that nothing is trained on or chosen by."""

SEALED = {"sealed": True}
"""What a metrics file says in place of the scores that are sealed."""

SENTENCE = (
    "The test images are sealed (split.seal): their scores are written only after `lesions unseal --reason TEXT`."
)


def list_sealed_splits(params: Path) -> tuple[str, ...]:
    """Return the splits whose predictions no stage may write."""
    return SEALED_SPLITS if read_section(params, "split", SplitParameters).seal else ()


def leave_out_unscored(table: pd.DataFrame, params: Path) -> pd.DataFrame:
    """Return the rows (N, ...) of a table with `split` that a baseline is fitted to, or whose predictions it writes.

    These are the training images and, unless they are sealed, those of validation and test.
    """
    scored = {*SCORED_SPLITS}.difference(list_sealed_splits(params))
    return table[table.split.isin({"train", *scored})].reset_index(drop=True)


def is_sealed(predictions: Predictions) -> bool:
    """Return whether a table of predictions was written under the seal: only then has it no test image."""
    return "test" not in set(predictions.images.split)


def holds_seal(metrics: Mapping[str, Any]) -> bool:
    """Return whether a metrics file was written under the seal."""
    return metrics.get("sealed") is True


def check_unsealed(predictions: Predictions, name: str) -> None:
    """Raise InputError, naming whose predictions they are, if these were written under the seal."""
    if is_sealed(predictions):
        raise refuse_sealed(f"the test images of {cut_value(name)}")


def list_sealed_images(params: Path, splits: Path) -> set[str]:
    """Return the image_id of each image that is sealed; nothing is before there is a split."""
    sealed = list_sealed_splits(params)
    if not sealed or not splits.is_file():
        return set()
    table = read_splits(splits)
    return set(table.image_id[table.split.isin(sealed)])


def check_may_look(params: Path) -> None:
    """Raise InputError if a parameter file says that the test images are sealed."""
    if list_sealed_splits(params):
        raise refuse_sealed("the test images")


def refuse_sealed(what: str) -> InputError:
    """Return the error for a look at sealed images."""
    return InputError(f"{what} are sealed (split.seal); `lesions unseal --reason TEXT` unseals them for good")


def write_sealed(metrics: Iterable[Path], plots: Iterable[Path]) -> None:
    """Write metrics files that only say that they are sealed, and plots without rows."""
    for path in metrics:
        write_metrics(path, SEALED)
    for path in plots:
        write_plot_rows(path, [])
