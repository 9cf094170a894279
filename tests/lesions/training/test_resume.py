"""A run that was killed goes on to the same bits; what cannot be trusted is not gone on from."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from lesions.errors import InputError
from lesions.networks.parameters import AnyArchitecture, PhaseParameters
from lesions.training.history import FittedNetwork
from lesions.training.resume import (
    MAX_STATES,
    ResumeFile,
    TrainingState,
    find_resume_folder,
    fingerprint,
    hold_resume_file,
)
from tests.builders import PHASE, small_cnn
from tests.training import BOTH_NETWORKS, EVERYTHING, coloured_images, labelled_rows, train

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


@pytest.mark.parametrize("num_epochs", [1, 2, 3, 4, 5])
def test_a_killed_run_resumes_to_the_same_bits(
    tmp_path: Path, num_epochs: int, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = train_small(None)
    with pytest.raises(KilledError):
        train_small(KilledAfter(tmp_path / "state", "a", num_epochs))
    capsys.readouterr()
    resumed = train_small(ResumeFile(tmp_path / "state", "a"))
    printed = capsys.readouterr().out
    assert f"resuming after epoch {num_epochs}, the last finished epoch" in printed
    assert printed.count("loss") == 5 - num_epochs
    assert_same(resumed, whole)


@pytest.mark.parametrize("architecture", BOTH_NETWORKS)
def test_a_killed_run_with_every_option_on_resumes_to_the_same_bits(
    tmp_path: Path, architecture: AnyArchitecture
) -> None:
    changes = EVERYTHING | {"class_weights": [1.0, 2.0, 1.0, 3.0]}
    whole = train_small(None, architecture, **changes)
    for num_epochs in (1, 2):
        with pytest.raises(KilledError):
            train_small(KilledAfter(tmp_path / "state", "a", num_epochs), architecture, **changes)
    assert_same(train_small(ResumeFile(tmp_path / "state", "a"), architecture, **changes), whole)
    # The rate fell on a plateau, so that the schedule had something to remember.
    assert len({entry["learning_rates"]["head"] for entry in whole.history}) > 1


def test_a_run_that_is_killed_at_every_epoch_ends_with_the_same_bits(tmp_path: Path) -> None:
    for _ in range(5):
        with pytest.raises(KilledError):
            train_small(KilledAfter(tmp_path / "state", "a", 1))
    assert_same(train_small(ResumeFile(tmp_path / "state", "a")), train_small(None))


def test_a_training_that_stopped_early_stays_stopped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    architecture = small_cnn(phases=(PHASE.model_copy(update={"num_epochs": 30}),), learning_rate=1e-9)
    whole = train_small(None, architecture, patience_epochs=2)
    with pytest.raises(KilledError):
        train_small(KilledAfter(tmp_path / "state", "a", len(whole.history)), architecture, patience_epochs=2)
    capsys.readouterr()
    assert_same(train_small(ResumeFile(tmp_path / "state", "a"), architecture, patience_epochs=2), whole)
    assert "stopped early: balanced_accuracy has not improved for 2 epochs" in capsys.readouterr().out


def damage(path: Path, kind: str) -> None:
    content = bytearray(path.read_bytes())
    if kind == "torn":
        path.write_bytes(content[: len(content) // 2])
    elif kind == "empty":
        path.write_bytes(b"")
    else:
        content[-100] ^= 1
        path.write_bytes(content)


@pytest.mark.parametrize("kind", ["torn", "empty", "one bit"])
def test_a_damaged_state_is_refused_and_training_starts_from_the_beginning(
    tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(KilledError):
        train_small(KilledAfter(tmp_path / "state", "a", 3))
    damage(tmp_path / "state", kind)
    capsys.readouterr()
    assert_same(train_small(ResumeFile(tmp_path / "state", "a")), train_small(None))
    printed = capsys.readouterr().out
    assert f"{tmp_path / 'state'} cannot be used (" in printed
    assert "training starts from the beginning" in printed


def test_the_state_of_another_run_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KilledError):
        train_small(KilledAfter(tmp_path / "state", "a", 3))
    assert ResumeFile(tmp_path / "state", "b").read() is None
    assert "cannot be used (it belongs to another run); training starts from the beginning" in capsys.readouterr().out


def test_a_second_process_is_refused_by_name(tmp_path: Path) -> None:
    with (
        hold_resume_file(tmp_path, "a" * 64),
        pytest.raises(InputError, match=r"another process, which holds .*a{16}\.lock, is training the same"),
        hold_resume_file(tmp_path, "a" * 64),
    ):
        pass
    with hold_resume_file(tmp_path, "a" * 64), hold_resume_file(tmp_path, "b" * 64):
        pass


def test_only_the_newest_states_are_kept(tmp_path: Path) -> None:
    state = TrainingState({"network.weight": torch.zeros(1)}, {})
    for number in range(MAX_STATES + 3):
        with hold_resume_file(tmp_path, f"{number:064d}"[::-1]) as resume:
            resume.write(state)
    with hold_resume_file(tmp_path, "f" * 64):
        assert len(list(tmp_path.glob("*.safetensors"))) <= MAX_STATES


def test_the_states_of_runs_in_progress_are_always_kept(tmp_path: Path) -> None:
    state = TrainingState({"network.weight": torch.zeros(1)}, {})
    with ExitStack() as under_way:
        for number in range(MAX_STATES + 2):
            under_way.enter_context(hold_resume_file(tmp_path, f"{number:064d}"[::-1])).write(state)
        assert len(list(tmp_path.glob("*.safetensors"))) == MAX_STATES + 2


def test_another_parameter_or_file_gives_another_fingerprint() -> None:
    first = fingerprint(inputs={"images.npy": "a"}, seed=0)
    assert first == fingerprint(inputs={"images.npy": "a"}, seed=0)
    assert (
        len({first, fingerprint(inputs={"images.npy": "b"}, seed=0), fingerprint(inputs={"images.npy": "a"}, seed=1)})
        == 3
    )


def test_the_resume_folder_is_one_that_dvc_does_not_remove(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("LESIONS_RESUME_DIR", raising=False)
    monkeypatch.delenv("DVC_ROOT", raising=False)
    assert find_resume_folder() == Path(".resume")
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    assert find_resume_folder() == tmp_path / ".resume"
    monkeypatch.setenv("LESIONS_RESUME_DIR", "/elsewhere")
    assert find_resume_folder() == Path("/elsewhere")
