"""The one callback behind which a training is tracked."""

from collections.abc import Iterator
from contextlib import contextmanager

from lesions.tracking.dvclive import open_dvclive
from lesions.tracking.epochs import OnEpoch
from lesions.tracking.parameters import TrackingParameters
from lesions.tracking.spool import Training
from lesions.tracking.spooling import open_spool


@contextmanager
def open_tracking(parameters: TrackingParameters, training: Training) -> Iterator[OnEpoch]:
    """Yield a function that tracks the entry of one epoch.

    It must be called for every epoch from the first on, even if training resumes after a later one.
    """
    if parameters.kind == "dvclive":
        with open_dvclive(training.model) as log_epoch:
            yield log_epoch
    elif parameters.kind == "mlflow":
        with open_spool(parameters, training) as log_epoch:
            yield log_epoch
    else:
        yield lambda _: None
