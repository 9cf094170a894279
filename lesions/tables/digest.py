"""Anonymous predictions of the test images, small enough for git.

A digest holds what a paired comparison with another revision needs: the group, the true and the predicted class, and
the probabilities of each image. Groups are numbered in order of appearance, so that the digest does not reveal whose
images they are. The columns are lists because DVC omits lists from the metrics that it shows.
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

MAX_CLASSES = 1000
"""Largest number of classes in a digest; more are not from a run."""

MAX_PROBABILITIES = 10_000_000
"""Largest number of probabilities in a digest, images times classes; more are not from a run."""


def write_digest(path: Path, predictions: Predictions) -> None:
    """Write `metrics/<model>/digest.json`; log-probabilities are float16, but for a constant per image."""
    ordered = predictions.images.image_id.argsort().to_numpy()
    group, _ = pd.factorize(predictions.images.group_id.iloc[ordered])
    columns = {
        "group": group.astype("<u4"),
        "y_true": predictions.y_true[ordered].astype("<u2"),
        "y_pred": predictions.y_pred[ordered].astype("<u2"),
        "log_probabilities": _round(predictions.log_prob[ordered]),
    }
    write_json(
        path, {"classes": list(predictions.classes), **{name: [_pack(values)] for name, values in columns.items()}}
    )


def parse_digest(values: Any, source: str, num_images: int | None = None) -> Predictions:
    """Parse the content of `metrics/<model>/digest.json` into predictions whose image_id is a number.

    Parameters
    ----------
    values
        The content, as read from JSON.
    source
        The name of the file, for messages.
    num_images
        The number of images that the digest must have; None if it is unknown.

    Raises
    ------
    InputError
        If `write_digest` did not write the content, or if it has another number of images.
    """
    try:
        classes = _parse_classes(values["classes"])
        most = MAX_PROBABILITIES // len(classes)
        y_true = _unpack(values["y_true"], "<u2", min(most, num_images or most)).astype(np.int64)
        if num_images not in (None, len(y_true)):
            raise ValueError(f"{len(y_true):,} images, expected {num_images:,}")
        # A digest of an earlier version has none: its predicted class is the most probable one.
        y_pred = _unpack(values["y_pred"], "<u2", len(y_true)).astype(np.int64) if "y_pred" in values else y_true
        group = _unpack(values["group"], "<u4", len(y_true))
        log_prob = _unpack(values["log_probabilities"], "<f2", len(y_true) * len(classes)).astype(np.float64)
    except (KeyError, TypeError, ValueError, zlib.error) as error:
        raise InputError(f"{source}: not a digest of predictions ({error})") from error
    fits = len(group) == len(y_pred) == len(y_true) > 0 and len(log_prob) == len(y_true) * len(classes)
    if not fits or max(y_true.max(), y_pred.max()) >= len(classes) or not np.isfinite(log_prob).all():
        raise InputError(f"{source}: not a digest of predictions (its columns do not fit each other)")
    images = pd.DataFrame({"image_id": np.arange(len(group)), "group_id": group, "split": "test"})
    called = y_pred if "y_pred" in values else None
    return Predictions(images, classes, y_true, log_prob.reshape(len(y_true), len(classes)), called)


def _round(log_prob: NDArray[np.float64]) -> NDArray[np.float16]:
    """Round log-probabilities (N, K).

    A constant per image is taken off first, which changes no probability: float16 is finest near 0, and the
    probabilities of a network that knows little hardly differ.
    """
    clipped = log_prob.clip(-1e4)
    return (clipped - clipped.mean(axis=1, keepdims=True)).astype("<f2")


def _parse_classes(names: Any) -> tuple[str, ...]:
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise TypeError("classes: expected a list of names")
    if not 1 <= len(set(names)) == len(names) <= MAX_CLASSES:
        raise ValueError(f"classes: expected different names, at most {MAX_CLASSES:,}, got {len(names):,}")
    return tuple(names)


def _pack(values: NDArray[np.generic]) -> str:
    return base64.b64encode(zlib.compress(values.tobytes(), 9)).decode("ascii")


def _unpack(packed: list[str], kind: str, most: int) -> NDArray[Any]:
    """Unpack a column of at most so many values; a longer one is not unpacked to its end."""
    (text,) = packed
    unpacker = zlib.decompressobj()
    content = unpacker.decompress(base64.b64decode(text, validate=True), (most + 1) * np.dtype(kind).itemsize)
    values = np.frombuffer(content, dtype=kind)
    if len(values) > most or not unpacker.eof:
        raise ValueError(f"a column has more than {most:,} values, or no end")
    return values
