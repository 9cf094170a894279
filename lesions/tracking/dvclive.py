"""Following training from outside: DVCLive, where it is asked for."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lesions.tracking.parameters import TrackingParameters

TRACKING_FOLDER = Path("dvclive")
"""Neither git nor DVC tracks it: the pipeline's own history of an epoch is in `plots/history`."""

Track = Callable[[dict[str, Any]], None]
"""Is told of an epoch's entry in the history."""


@contextmanager
def open_tracking(parameters: TrackingParameters, model: str) -> Iterator[Track]:
    """Yield a function that takes every epoch's entry, from the first on, also where training goes on after a stop.

    DVCLive writes `dvclive/<model>` and feeds DVC Studio. It would also write `dvc.yaml` and save an experiment of
    its own; it is kept from both, for the pipeline is described already and `dvc exp run` saves experiments.
    """
    if parameters.kind == "none":
        yield lambda _: None
        return
    from dvclive.live import Live  # it takes a second to import

    with Live(str(TRACKING_FOLDER / model), save_dvc_exp=False, dvcyaml=None, report=None) as live:

        def track(entry: dict[str, Any]) -> None:
            live.step = entry["epoch"]
            for split in ("train", "val"):
                for name, value in entry[split].items():
                    live.log_metric(f"{split}/{name}", value)
            for name, rate in entry["learning_rates"].items():
                live.log_metric(f"learning_rate/{name}", rate)
            live.sync()

        yield track
