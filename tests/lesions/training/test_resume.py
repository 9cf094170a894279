"""A run that was killed goes on to the same bits."""

from pathlib import Path

import pytest

from lesions.networks.parameters import AnyArchitecture
from lesions.training.resume import ResumeFile, fingerprint
from tests.builders import PHASE, small_cnn
from tests.resuming import KilledAfter, KilledError, assert_same, train_small
from tests.training import ALL_NETWORKS, EVERYTHING


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


@pytest.mark.parametrize("architecture", ALL_NETWORKS)
def test_a_killed_run_with_every_option_on_resumes_to_the_same_bits(
    tmp_path: Path, architecture: AnyArchitecture
) -> None:
    changes = EVERYTHING | {"class_weights": [1.0, 2.0, 1.0, 3.0], "seed": 1}
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


def test_another_parameter_or_file_gives_another_fingerprint() -> None:
    first = fingerprint(inputs={"images.npy": "a"}, seed=0)
    assert first == fingerprint(inputs={"images.npy": "a"}, seed=0)
    assert (
        len({first, fingerprint(inputs={"images.npy": "b"}, seed=0), fingerprint(inputs={"images.npy": "a"}, seed=1)})
        == 3
    )
