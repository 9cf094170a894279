"""Anonymous predictions of the test images, small enough for git.

A digest holds what a paired comparison with another revision needs: the group, the true class and the probabilities
of each image. Groups are numbered in order of appearance, so that the digest does not reveal whose images they are.
The columns are lists because DVC omits lists from the metrics that it shows.
"""

import base64
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lesions.errors import InputError
from lesions.formats.json_file import write_json
from lesions.tables.predictions import Predictions

MAX_BYTES = 1_000_000_000
"""Largest size of one unpacked column, in bytes; a larger column is not from a digest."""


def write_digest(path: Path, predictions: Predictions) -> None:
    """Write `metrics/<model>/digest.json`; log-probabilities are float16, with three significant digits."""
    ordered = predictions.images.image_id.argsort().to_numpy()
    group, _ = pd.factorize(predictions.images.group_id.iloc[ordered])
    columns = {
        "group": group.astype("<u4"),
        "y_true": predictions.y_true[ordered].astype("<u2"),
        "log_probabilities": predictions.log_prob[ordered].clip(-1e4).astype("<f2"),
    }
    write_json(
        path, {"classes": list(predictions.classes), **{name: [_pack(values)] for name, values in columns.items()}}
    )


def parse_digest(values: Any, source: str) -> Predictions:
    """Parse the content of `metrics/<model>/digest.json` into predictions whose image_id is a number.

    Raises
    ------
    InputError
        If `write_digest` did not write the content; the message names its `source`.
    """
    try:
        classes = tuple(values["classes"])
        group = _unpack(values["group"], "<u4")
        y_true = _unpack(values["y_true"], "<u2").astype(np.int64)
        log_prob = _unpack(values["log_probabilities"], "<f2").astype(np.float64).reshape(len(y_true), len(classes))
        whole = len(group) == len(y_true) and (y_true < len(classes)).all() and np.isfinite(log_prob).all()
    except (KeyError, TypeError, ValueError, zlib.error) as error:
        raise InputError(f"{source}: not a digest of predictions ({error})") from error
    if not whole:
        raise InputError(f"{source}: not a digest of predictions (its columns do not fit each other)")
    names = [str(number) for number in range(len(group))]
    images = pd.DataFrame({"image_id": names, "group_id": group.astype(str), "split": "test"})
    return Predictions(images, classes, y_true, log_prob)


def _pack(values: NDArray[np.generic]) -> str:
    return base64.b64encode(zlib.compress(values.tobytes(), 9)).decode("ascii")


def _unpack(packed: list[str], kind: str) -> NDArray[Any]:
    (text,) = packed
    unpacker = zlib.decompressobj()
    return np.frombuffer(unpacker.decompress(base64.b64decode(text, validate=True), MAX_BYTES), dtype=kind)
