"""Pretraining sees training images and no diagnosis, and ends with the same bits, killed or not."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lesions.errors import InputError
from lesions.training.resume import ResumeFile, TrainingState
from tests.builders import HARDWARE, ROOT, WriteParams
from tests.pretraining import (
    NUM_EPOCHS,
    SPLITS,
    draw_pixels,
    list_paths,
    read_outputs,
    run_pretraining,
    small_recipe,
    write_run,
)
from tests.resuming import KilledError
from tests.train_stage import list_environment, read_until


@pytest.fixture(autouse=True)
def resume_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The states of a test are its own."""
    monkeypatch.setenv("LESIONS_RESUME_DIR", str(tmp_path / "resume"))
    return tmp_path / "resume"


def pretrain_on(folder: Path, write_params: WriteParams, **changes: object) -> dict[str, bytes]:
    """Pretrain in a folder of its own, and return what was written."""
    folder.mkdir()
    write_run(folder, **{"recipe": small_recipe(), "pixels": draw_pixels()} | changes)  # type: ignore[arg-type]
    run_pretraining(folder, write_params)
    return read_outputs(folder)


def test_a_model_that_is_not_pretrained_gets_an_empty_folder(
    tmp_path: Path, write_params: WriteParams, capsys: pytest.CaptureFixture[str]
) -> None:
    write_run(tmp_path, None, draw_pixels())
    (tmp_path / "pretrained").mkdir()
    (tmp_path / "pretrained/backbone.safetensors").touch()
    run_pretraining(tmp_path, write_params)
    assert list((tmp_path / "pretrained").iterdir()) == []
    assert capsys.readouterr().out == "nothing to pretrain: architectures.net.weights is not pretrained\n"
    assert not (tmp_path / "resume").exists()


def test_a_model_that_is_not_pretrained_loads_no_torch(tmp_path: Path, write_params: WriteParams) -> None:
    write_run(tmp_path, None, draw_pixels())
    paths = [str(path) for path in (*list_paths(tmp_path), write_params(hardware=HARDWARE))]
    probe = "import sys; from pathlib import Path; from stages import pretrain\n"
    probe += f"pretrain.main(Path('code.json'), 'net', *map(Path, {paths}))\n"
    probe += "print(sorted({'torch', 'timm', 'torchvision'} & {*sys.modules}))"
    done = subprocess.run([sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_neither_diagnoses_nor_images_of_other_splits_change_a_bit(tmp_path: Path, write_params: WriteParams) -> None:
    expected = pretrain_on(tmp_path / "a", write_params)
    assert pretrain_on(tmp_path / "again", write_params) == expected
    pixels, unseen = draw_pixels(), np.array(SPLITS) != "train"
    pixels[unseen] = draw_pixels(seed=1)[unseen]
    assert pretrain_on(tmp_path / "b", write_params, pixels=pixels, diagnosis="melanoma") == expected
    pixels[0] = 0
    changed = pretrain_on(tmp_path / "c", write_params, pixels=pixels)
    assert not {*changed.values()} & {*expected.values()}


def test_each_epoch_is_a_row_of_the_history(tmp_path: Path, write_params: WriteParams) -> None:
    rows = json.loads(pretrain_on(tmp_path / "a", write_params)["history.json"])
    assert [row["epoch"] for row in rows] == [*range(1, NUM_EPOCHS + 1)]
    assert all(0 < row["loss"] < 2 and 0 < row["projection_std"] < 1.2 for row in rows)
    # A rise to half of the peak at the first of six steps, then half a cosine, of which the fourth is the middle.
    assert [row["learning_rate"] for row in rows] == pytest.approx([0.005, 0.01 * (0.01 + 0.99 / 2)])


def test_a_killed_pretraining_resumes_to_the_same_bits(
    tmp_path: Path, write_params: WriteParams, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = pretrain_on(tmp_path / "whole", write_params)
    (tmp_path / "killed").mkdir()
    write_run(tmp_path / "killed", small_recipe(), draw_pixels())
    write = ResumeFile.write

    def write_and_die(self: ResumeFile, state: TrainingState) -> None:
        write(self, state)
        raise KilledError

    monkeypatch.setattr(ResumeFile, "write", write_and_die)
    for num_epochs in range(NUM_EPOCHS):
        capsys.readouterr()
        with pytest.raises(KilledError):
            run_pretraining(tmp_path / "killed", write_params)
        assert (f"resuming after epoch {num_epochs}, " in capsys.readouterr().out) == (num_epochs > 0)
    assert not (tmp_path / "killed/pretrained").exists()
    run_pretraining(tmp_path / "killed", write_params)
    assert read_outputs(tmp_path / "killed") == expected
    assert not list((tmp_path / "resume").glob("*.safetensors"))


@pytest.mark.slow
def test_a_process_that_is_killed_resumes_to_the_same_bits(tmp_path: Path, write_params: WriteParams) -> None:
    recipe = small_recipe(num_epochs=40)
    expected = pretrain_on(tmp_path / "whole", write_params, recipe=recipe)
    (tmp_path / "killed").mkdir()
    write_run(tmp_path / "killed", recipe, draw_pixels())
    names = ("--recipe", "--images", "--metadata", "--splits", "--pretrained", "--params")
    paths = (*list_paths(tmp_path / "killed"), write_params(hardware=HARDWARE))
    options = [word for name, path in zip(names, paths, strict=True) for word in (name, str(path))]
    command = [
        sys.executable,
        "-m",
        "stages.pretrain",
        "--code",
        str(tmp_path / "killed/code.json"),
        "--model",
        "net",
    ]
    environment = list_environment() | {"LESIONS_RESUME_DIR": str(tmp_path / "resume")}

    def start() -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [*command, *options],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    for number in (signal.SIGKILL, signal.SIGTERM):
        process = start()
        read_until(process, "epoch ")
        process.send_signal(number)
        process.communicate()
        assert process.returncode in (-signal.SIGKILL, 128 + signal.SIGTERM)
    printed = start().communicate()[0]
    assert "resuming after epoch" in printed
    assert read_outputs(tmp_path / "killed") == expected


def test_a_state_of_another_length_is_refused_and_pretraining_starts_from_the_beginning(
    tmp_path: Path, write_params: WriteParams, resume_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = pretrain_on(tmp_path / "a", write_params)
    (tmp_path / "b").mkdir()
    write_run(tmp_path / "b", small_recipe(), draw_pixels())
    for lock in resume_folder.glob("*.lock"):
        lock.with_suffix(".safetensors").write_bytes(b"no tensors")
    capsys.readouterr()
    run_pretraining(tmp_path / "b", write_params)
    printed = capsys.readouterr().out
    assert "cannot be used (" in printed
    assert "; training starts from the beginning" in printed
    assert read_outputs(tmp_path / "b") == expected


def test_images_that_are_all_the_same_collapse_and_that_is_said(
    tmp_path: Path, write_params: WriteParams, capsys: pytest.CaptureFixture[str]
) -> None:
    pretrain_on(tmp_path / "a", write_params, pixels=np.zeros_like(draw_pixels()))
    assert capsys.readouterr().err == (
        "warning: the projections of net have collapsed: they have 0.00 of the standard deviation of evenly spread "
        "directions; lower pretraining.learning_rate\n"
    )


def test_a_loss_that_is_no_number_is_refused(tmp_path: Path, write_params: WriteParams) -> None:
    with pytest.raises(InputError, match=r"^epoch 1: the pretraining loss is nan; lower pretraining\.learning_rate$"):
        pretrain_on(tmp_path / "a", write_params, recipe=small_recipe(learning_rate=1e30))


def test_images_larger_than_those_of_the_cache_are_refused(tmp_path: Path, write_params: WriteParams) -> None:
    with pytest.raises(
        InputError, match=r"^architectures\.net\.size_px is 37, but the cached images have 36 px; raise"
    ):
        pretrain_on(tmp_path / "a", write_params, recipe=small_recipe(size_px=37))


@pytest.mark.parametrize("file", ["images.npy", "metadata.csv", "splits.csv"])
def test_an_input_that_changes_while_the_stage_runs_is_refused_and_the_state_is_kept(
    tmp_path: Path, write_params: WriteParams, monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    expected = pretrain_on(tmp_path / "whole", write_params)
    folder = tmp_path / "changed"
    folder.mkdir()
    write_run(folder, small_recipe(), draw_pixels())
    before, write = (folder / file).read_bytes(), ResumeFile.write

    def write_and_change(self: ResumeFile, state: TrainingState) -> None:
        write(self, state)
        (folder / file).write_bytes(before + b"0")

    with monkeypatch.context() as patch:
        patch.setattr(ResumeFile, "write", write_and_change)
        with pytest.raises(InputError, match=rf"/{file}: changed while the stage pretrain ran; run it again$"):
            run_pretraining(folder, write_params)
    assert not (folder / "pretrained").exists()
    (folder / file).write_bytes(before)
    monkeypatch.setattr(ResumeFile, "write", None)  # nothing is left to learn
    run_pretraining(folder, write_params)
    assert read_outputs(folder) == expected
