"""Live tracking of a training with DVCLive."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lesions.tracking.epochs import OnEpoch, name_metrics

TRACKING_FOLDER = Path("dvclive")
"""Neither git nor DVC tracks this folder; the pipeline's own history of the epochs is in `plots/history`."""


@contextmanager
def open_dvclive(model: str) -> Iterator[OnEpoch]:
    """Yield a function that logs the entry of one epoch.

    DVCLive writes `dvclive/<model>` and feeds DVC Studio. By default it would also write `dvc.yaml` and save an
    experiment. Both are switched off, because the pipeline has a `dvc.yaml` and `dvc exp run` saves experiments.
    """
    from dvclive.live import Live  # importing it takes a second

    with Live(str(TRACKING_FOLDER / model), save_dvc_exp=False, dvcyaml=None, report=None) as live:

        def log_epoch(entry: dict[str, Any]) -> None:
            live.step = entry["epoch"]
            for name, value in name_metrics(entry).items():
                live.log_metric(name, value)
            live.sync()

        yield log_epoch
