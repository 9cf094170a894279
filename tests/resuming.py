"""A small training that is killed after some epochs, and what it should end with."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from lesions.networks.parameters import AnyArchitecture, PhaseParameters
from lesions.training.history import FittedNetwork
from lesions.training.resume import ResumeFile, TrainingState
from tests.builders import PHASE, small_cnn
from tests.training import coloured_images, labelled_rows, train

HEAD = PhaseParameters(name="head", num_epochs=2, layers="head", learning_rate_factor=1, backbone_factor=None)
TWO_PHASES = small_cnn(phases=(HEAD, PHASE.model_copy(update={"num_epochs": 3})), dropout=0.5)
IMAGES, LABELS = coloured_images(96)


class KilledError(Exception):
    """What stands in for a signal."""


class KilledAfter(ResumeFile):
    """A state that is written, and then the process dies, after so many epochs."""

    def __init__(self, path: Path, fingerprint: str, num_epochs: int) -> None:
        super().__init__(path, fingerprint)
        self.left = num_epochs

    def write(self, state: TrainingState) -> None:
        super().write(state)
        self.left -= 1
        if self.left == 0:
            raise KilledError


def train_small(
    resume: ResumeFile | None, architecture: AnyArchitecture = TWO_PHASES, **changes: Any
) -> FittedNetwork:
    val = labelled_rows(np.arange(64, 96), LABELS[64:])
    return train(IMAGES, LABELS[:64], val, num_classes=4, architecture=architecture, resume=resume, **changes)


def assert_same(first: FittedNetwork, second: FittedNetwork) -> None:
    assert first.best_epoch == second.best_epoch
    assert first.history == second.history
    assert first.weights.keys() == second.weights.keys()
    for name, tensor in first.weights.items():
        assert torch.equal(tensor, second.weights[name]), name
