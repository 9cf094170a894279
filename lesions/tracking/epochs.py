"""An epoch's entry in the history, as trackers name its figures."""

from collections.abc import Callable, Mapping
from typing import Any

OnEpoch = Callable[[dict[str, Any]], None]
"""Called with each epoch's entry in the history."""


def name_metrics(entry: Mapping[str, Any]) -> dict[str, float]:
    """Return the figures of an epoch by `train/…`, `val/…` and `learning_rate/…`."""
    scores = {f"{split}/{name}": value for split in ("train", "val") for name, value in entry[split].items()}
    return scores | {f"learning_rate/{name}": rate for name, rate in entry["learning_rates"].items()}
