"""A training process is killed at moments of its own choosing, run again, and leaves the same files."""

import signal
import sys
import time

import pytest

from tests.builders import slow
from tests.repository import Repository
from tests.small_disk import needs_small_disk, run_on_small_disk
from tests.train_stage import TRAIN, assert_as_before, read_until, set_hardware, start


@pytest.mark.parametrize(
    ("model", "words", "seconds"),
    [("custom_cnn", "training", 0.2), slow("resnet18", "epoch   1", 0.0)],
)
def test_a_killed_training_ends_with_the_same_bits(copy: Repository, model: str, words: str, seconds: float) -> None:
    process = start(copy, model)
    read_until(process, words)
    time.sleep(seconds)
    process.kill()
    process.communicate()
    done = start(copy, model)
    printed, _ = done.communicate()
    assert done.returncode == 0, printed
    if words == "epoch   1":
        assert "resuming after epoch" in printed
    assert_as_before(copy, model)


@pytest.mark.slow
def test_a_signal_stops_training_and_the_message_says_how_to_continue(copy: Repository) -> None:
    for number, words in ((signal.SIGTERM, "training"), (signal.SIGINT, "epoch   1")):
        process = start(copy, "custom_cnn")
        read_until(process, words)
        process.send_signal(number)
        printed, _ = process.communicate()
        assert process.returncode == 128 + number
        assert f"stopped by {number.name}; no partial file is left; run the same command again" in printed
        assert "Traceback" not in printed
        assert not list(copy.root.rglob(".*.tmp"))
    done = start(copy, "custom_cnn")
    assert "resuming after epoch" in done.communicate()[0]
    assert_as_before(copy, "custom_cnn")


@pytest.mark.slow
def test_a_state_is_resumed_only_if_the_rest_is_computed_in_the_same_way(copy: Repository) -> None:
    killed = start(copy, "custom_cnn")
    read_until(killed, "epoch   1")
    killed.kill()
    killed.communicate()
    for deterministic, is_resumed in ((False, False), (True, True)):
        set_hardware(copy, deterministic=deterministic)
        done = start(copy, "custom_cnn")
        printed, _ = done.communicate()
        assert done.returncode == 0, printed
        assert ("resuming after epoch" in printed) == is_resumed
    assert_as_before(copy, "custom_cnn")


@pytest.mark.slow
def test_a_second_training_waits_until_the_first_is_killed_and_ends_with_the_same_bits(copy: Repository) -> None:
    first = start(copy, "custom_cnn")
    read_until(first, "epoch   1")
    first.send_signal(signal.SIGSTOP)
    second = start(copy, "custom_cnn")
    read_until(second, "waiting for another process, which holds")
    first.kill()
    first.communicate()
    assert "resuming after epoch" in second.communicate()[0]
    assert second.returncode == 0
    assert_as_before(copy, "custom_cnn")


@pytest.mark.slow
@needs_small_disk
def test_training_resumes_after_a_full_disk(copy: Repository) -> None:
    # One state has room, a second beside it does not; then the disk grows.
    train = " ".join([sys.executable, *TRAIN.format(model="custom_cnn").split()[1:]])
    script = f"{train} && exit 9; mount -o remount,size=10m small; {train} && ls small"
    done = run_on_small_disk(copy.root, "40k", "sh", "-c", script, LESIONS_RESUME_DIR="small")
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("error: small/")
    assert "safetensors: No space left on device. All earlier files are complete" in done.stderr
    before, _, after = done.stdout.partition("resuming after epoch 1, the last finished epoch")
    assert "epoch   1" in before
    assert "epoch   2" in after
    assert ".tmp" not in after
    assert_as_before(copy, "custom_cnn")
