"""Live tracking of a training with DVCLive."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lesions.tracking.parameters import TrackingParameters

TRACKING_FOLDER = Path("dvclive")
"""Neither git nor DVC tracks this folder; the pipeline's own history of the epochs is in `plots/history`."""

OnEpoch = Callable[[dict[str, Any]], None]
"""Called with each epoch's entry in the history."""


@contextmanager
def open_tracking(parameters: TrackingParameters, model: str) -> Iterator[OnEpoch]:
    """Yield a function that logs the entry of one epoch.

    It must be called for every epoch from the first on, even if training resumes after a later one. DVCLive writes
    `dvclive/<model>` and feeds DVC Studio. By default it would also write `dvc.yaml` and save an experiment. Both are
    switched off, because the pipeline has a `dvc.yaml` and `dvc exp run` saves experiments.
    """
    if parameters.kind == "none":
        yield lambda _: None
        return
    from dvclive.live import Live  # importing it takes a second

    with Live(str(TRACKING_FOLDER / model), save_dvc_exp=False, dvcyaml=None, report=None) as live:

        def log_epoch(entry: dict[str, Any]) -> None:
            live.step = entry["epoch"]
            for split in ("train", "val"):
                for name, value in entry[split].items():
                    live.log_metric(f"{split}/{name}", value)
            for name, rate in entry["learning_rates"].items():
                live.log_metric(f"learning_rate/{name}", rate)
            live.sync()

        yield log_epoch
