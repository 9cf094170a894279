"""A state that cannot be trusted is not resumed from: training starts from the beginning, and says why."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from lesions.networks.tensor_file import read_tensor_file, write_tensor_file
from lesions.training.history import FittedNetwork
from lesions.training.resume import ResumeFile, TrainingState, _hash_state
from tests.builders import slow, small_cnn
from tests.resuming import TWO_PHASES, KilledAfter, KilledError, assert_same, train_small


@pytest.fixture(scope="module")
def whole() -> FittedNetwork:
    """The training that nothing stopped."""
    return train_small(None)


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The state after three epochs."""
    path = tmp_path_factory.mktemp("killed") / "state"
    with pytest.raises(KilledError):
        train_small(KilledAfter(path, "a", 3))
    return path.read_bytes()


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
    tmp_path: Path, state: bytes, whole: FittedNetwork, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "state").write_bytes(state)
    damage(tmp_path / "state", kind)
    capsys.readouterr()
    assert_same(train_small(ResumeFile(tmp_path / "state", "a")), whole)
    printed = capsys.readouterr().out
    assert f"{tmp_path / 'state'} cannot be used (" in printed
    assert "training starts from the beginning" in printed


def test_the_state_of_another_run_is_refused(
    tmp_path: Path, state: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "state").write_bytes(state)
    assert ResumeFile(tmp_path / "state", "b").read(lambda _: None) is None
    assert "cannot be used (it belongs to another run); training starts from the beginning" in capsys.readouterr().out


def rewrite(path: Path, change: Callable[[dict[str, Any]], object], *, rehash: bool) -> None:
    """Change the text of a state; with its hash, as one would who knows how."""
    tensors, text = read_tensor_file(path, key="resume")
    about = json.loads(text)
    change(about)
    if rehash and "state" in about:
        about["sha256"] = _hash_state(TrainingState(tensors, about["state"]))
    write_tensor_file(path, tensors, key="resume", text=json.dumps(about))


CHANGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "a better epoch": lambda about: about["state"]["history"][1]["val"].update(balanced_accuracy=9.9),
    "a shorter history": lambda about: about["state"]["history"].pop(),
    "an epoch without its number": lambda about: about["state"]["history"][0].pop("epoch"),
    "a longer history": lambda about: about["state"]["history"].extend(about["state"]["history"] * 400),
    "epochs in another order": lambda about: about["state"]["history"].reverse(),
    "no history": lambda about: about["state"].pop("history"),
    "an empty history": lambda about: about["state"]["history"].clear(),
    "no metric": lambda about: about["state"]["history"][1]["val"].pop("balanced_accuracy"),
    "a metric in words": lambda about: about["state"]["history"][1]["val"].update(balanced_accuracy="good"),
    "history of words": lambda about: about["state"].update(history="abc"),
    "history of numbers": lambda about: about["state"].update(history=[1, 2]),
    "no state": lambda about: about.pop("state"),
    "state of words": lambda about: about.update(state="abc"),
    "no fingerprint": lambda about: about.pop("fingerprint"),
    "no hash": lambda about: about.pop("sha256"),
}


@pytest.mark.parametrize(
    ("change", "rehash"),
    [(name, False) for name in CHANGES]
    # A shorter history that is hashed again is what an earlier epoch wrote.
    + [slow(name, True) for name in CHANGES if name not in ("a better epoch", "a shorter history", "no hash")],
)
def test_a_changed_history_is_refused_and_training_starts_from_the_beginning(
    tmp_path: Path, state: bytes, whole: FittedNetwork, change: str, rehash: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "state").write_bytes(state)
    rewrite(tmp_path / "state", CHANGES[change], rehash=rehash)
    capsys.readouterr()
    assert_same(train_small(ResumeFile(tmp_path / "state", "a")), whole)
    printed = capsys.readouterr().out
    assert f"{tmp_path / 'state'} cannot be used (" in printed
    assert "training starts from the beginning" in printed


@pytest.mark.parametrize("text", ["", "null", "[]", "3", '"a"', "[" * 100_000])
def test_a_state_with_another_text_is_refused(tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    write_tensor_file(tmp_path / "state", {"a": torch.zeros(1)}, key="resume", text=text)
    assert ResumeFile(tmp_path / "state", "a").read(lambda _: None) is None
    assert "cannot be used (" in capsys.readouterr().out


def test_weights_of_another_network_are_refused(
    tmp_path: Path, state: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "state").write_bytes(state)
    other = small_cnn(phases=TWO_PHASES.phases, widths=(4, 6))
    assert_same(train_small(ResumeFile(tmp_path / "state", "a"), other), train_small(None, other))
    assert "cannot be used (its weights 'best' are not those of this network)" in capsys.readouterr().out
