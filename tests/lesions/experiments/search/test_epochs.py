"""The epochs of a training, read from its state by another process."""

import os
from pathlib import Path

import pytest
import torch

from lesions.experiments.search.epochs import KEY, Epochs, read_history
from lesions.training.pretraining import PRETRAINED
from lesions.training.resume import METADATA_KEY, ResumeFile, TrainingState
from tests.resuming import KilledAfter, KilledError, train_small


def test_the_epochs_are_those_of_the_training(tmp_path: Path) -> None:
    assert KEY == METADATA_KEY
    path = tmp_path / "0123.safetensors"
    epochs = Epochs(tmp_path)
    assert epochs.look() == []
    assert epochs.seconds is None
    whole = train_small(None).history
    for num_epochs, seconds in ((2, 100), (2, 160)):
        with pytest.raises(KilledError):
            train_small(KilledAfter(path, "a", num_epochs))
        os.utime(path, (seconds, seconds))
        seen = epochs.look()
        assert seen == whole[len(epochs.history) - 2 : len(epochs.history)]
        assert epochs.look() == []
    assert epochs.seconds == 30  # two epochs in 60 s
    pretraining = tmp_path / "4567.safetensors"
    ResumeFile(pretraining, "b").write(
        TrainingState({"network.weight": torch.zeros(1)}, {PRETRAINED: [{"epoch": 1}]})
    )
    assert read_history(tmp_path) == (epochs.history, 160)
    train_small(ResumeFile(path, "a"))
    path.unlink()
    assert read_history(tmp_path) == ([], 0.0)
    assert epochs.look() == []
