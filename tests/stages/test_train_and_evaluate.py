"""What `train` and `predict` refuse, on the outputs of the tiny run; the DAG's tests check what they write."""

import json
import math
import re
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

from lesions.networks.tensor_file import read_tensor_file, write_tensor_file
from lesions.stage.failure import one_paragraph_errors
from lesions.stage.run import build_program
from tests.repository import MODELS, Repository

Refusal = Callable[..., str]

TRAIN = """
stages.train --code data/code/train@{model}.json --model {model} --recipe data/recipes/{model}.json
--images data/images.npy --metadata data/metadata.csv --splits data/splits.csv --classes data/classes.json
--pretrained data/pretrained/{model} --checkpoint new/checkpoint --metrics new/metrics --history new/history
--machine new/machine
"""
EVALUATE = """
stages.evaluate --model {model} --logits data/logits/custom_cnn.csv
--recipe data/recipes/custom_cnn.json --classes data/classes.json --images data/images.npy
--metadata data/metadata.csv --data new/data --metrics new/metrics --plots new/plots
"""
PREDICT = """
stages.predict --model {model} --checkpoint data/checkpoints/custom_cnn.safetensors
--images data/images.npy --metadata data/metadata.csv --splits data/splits.csv
--classes data/classes.json --logits new/logits
"""


@pytest.fixture
def refusal(copy: Repository, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Refusal:
    """A function that runs a stage in the copy, which must fail and write nothing, and returns what it prints."""

    def run(command: str, model: str = "custom_cnn") -> str:
        stage, *arguments = command.format(model=model).split()
        monkeypatch.chdir(copy.root)
        monkeypatch.setattr(sys, "argv", [stage, *arguments])
        with pytest.raises(SystemExit) as stopped, one_paragraph_errors():
            build_program(import_module(stage).main)()
        assert stopped.value.code == 1
        assert not (copy.root / "new").exists()
        printed = capfd.readouterr()
        return printed.out + printed.err

    return run


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.unlink()  # it may be a link into DVC's cache
    path.write_text(text.replace(old, new, 1))


def test_a_model_without_a_recipe_is_refused_by_the_process_of_the_stage(copy: Repository) -> None:
    done = copy.run("python", "-m", *TRAIN.format(model="vgg").replace("@vgg", "@resnet18").split(), check=False)
    expected = "error: data/recipes/vgg.json: there is no such file; run the stage resolve_recipes\n"
    assert (done.returncode, done.stdout) == (1, expected)
    assert not (copy.root / "new").exists()


def test_a_network_with_larger_images_than_the_cache_is_refused(copy: Repository, refusal: Refusal) -> None:
    replace(copy.root / "data/recipes/custom_cnn.json", '"size_px": 32,', '"size_px": 38,')
    assert refusal(TRAIN) == (
        "error: architectures.custom_cnn.size_px is 38, but the cached images have 37 px; "
        "raise cache_images.size_px (about 1.15 times the largest size_px is good)\n"
    )


def test_a_truncated_image_cache_is_refused(copy: Repository, refusal: Refusal) -> None:
    images = copy.root / "data/images.npy"
    data = images.read_bytes()
    images.unlink()  # it may be a link into DVC's cache
    images.write_bytes(data[:-1])
    assert "error: data/images.npy: not a whole image cache" in refusal(TRAIN)
    assert "error: data/images.npy: not a whole image cache" in refusal(PREDICT)


def test_a_missing_input_is_named(copy: Repository, refusal: Refusal) -> None:
    (copy.root / "data/splits.csv").unlink()
    assert refusal(TRAIN) == "error: data/splits.csv: No such file or directory\n"


def test_a_truncated_checkpoint_is_refused_by_the_stage(copy: Repository, refusal: Refusal) -> None:
    checkpoint = copy.root / "data/checkpoints/custom_cnn.safetensors"
    data = checkpoint.read_bytes()
    checkpoint.unlink()
    checkpoint.write_bytes(data[:1000])
    assert "error: data/checkpoints/custom_cnn.safetensors: not a whole checkpoint of this pipeline" in refusal(
        PREDICT
    )


def test_a_checkpoint_of_another_model_is_refused(copy: Repository, refusal: Refusal) -> None:
    output = refusal(PREDICT, model="resnet18")
    assert (
        output == "error: data/checkpoints/custom_cnn.safetensors: is a checkpoint of custom_cnn, expected resnet18\n"
    )


def test_a_checkpoint_of_another_split_is_refused(copy: Repository, refusal: Refusal) -> None:
    replace(copy.root / "data/splits.csv", ",train\n", ",test\n")
    assert refusal(PREDICT) == (
        "error: data/checkpoints/custom_cnn.safetensors: was trained with another splits.csv; "
        "run the stage train again\n"
    )


def change_checkpoint(repository: Repository, *, weight: float | None = None, reverse: bool = False) -> None:
    """Set a weight of the last layer, or put the classes that the text names into another order."""
    path = repository.root / "data/checkpoints/custom_cnn.safetensors"
    tensors, text = read_tensor_file(path, key="lesions")
    about = json.loads(text)
    if reverse:
        about |= {"classes": about["classes"][::-1], "diagnoses": about["diagnoses"][::-1]}
    if weight is not None:
        tensors["head.1.bias"][0] = weight
    path.unlink()  # it may be a link into DVC's cache
    write_tensor_file(path, tensors, key="lesions", text=json.dumps(about))


def test_a_checkpoint_with_its_classes_in_another_order_is_refused(copy: Repository, refusal: Refusal) -> None:
    change_checkpoint(copy, reverse=True)
    assert re.match(
        r"error: data/checkpoints/custom_cnn\.safetensors: has the classes vascular_lesion, .*, expected "
        r"actinic_keratosis, .* in this order and of the same diagnoses; run the stage train again",
        refusal(PREDICT),
    )


def test_weights_that_are_no_numbers_are_refused(copy: Repository, refusal: Refusal) -> None:
    change_checkpoint(copy, weight=math.nan)
    assert "(head.1.bias has values that are not finite numbers); run the stage train again" in refusal(PREDICT)


def test_weights_whose_logits_overflow_are_refused(copy: Repository, refusal: Refusal) -> None:
    change_checkpoint(copy, weight=3.4e38)
    path = copy.root / "data/checkpoints/custom_cnn.safetensors"
    tensors, text = read_tensor_file(path, key="lesions")
    tensors["head.1.weight"][0] = 3.4e38
    write_tensor_file(path, tensors, key="lesions", text=text)
    assert "custom_cnn.safetensors: gives logits that are not finite numbers for " in refusal(PREDICT)


def test_a_file_in_place_of_the_resume_folder_is_named_before_anything_is_read(
    copy: Repository, refusal: Refusal
) -> None:
    (copy.root / ".resume").touch()
    (copy.root / "data/images.npy").unlink()
    assert refusal(TRAIN) == (
        f"error: {copy.root}/.resume: is a file, and .resume/state is to be written below it; move it away\n"
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("", None, "not a table of predictions"),
        (",group_id,", ",group,", "not a table of predictions: it has no group_id"),
        (",val,", ",test,", "has no image of the split val"),
    ],
)
def test_logits_that_are_no_longer_as_they_were_written_are_refused(
    copy: Repository, refusal: Refusal, old: str, new: str | None, message: str
) -> None:
    path = copy.root / "data/logits/custom_cnn.csv"
    text = path.read_text()
    path.unlink()  # it may be a link into DVC's cache
    path.write_text("" if new is None else text.replace(old, new))
    assert refusal(EVALUATE).startswith(f"error: data/logits/custom_cnn.csv: {message}")


def test_logits_of_other_classes_than_those_of_the_run_are_refused(copy: Repository, refusal: Refusal) -> None:
    replace(copy.root / "data/classes.json", '"nevus",', '"naevus",')
    assert refusal(EVALUATE).startswith("error: data/classes.json: has the classes actinic_keratosis, ")


def test_what_a_network_was_trained_on_is_beside_its_scores_and_no_metric(tiny: Repository) -> None:
    for model in MODELS:
        (machine,) = json.loads((tiny.root / f"metrics/{model}/machine.json").read_text())["machine"]
        assert machine["numerics"] == "native"
        assert machine["num_threads"] == 1
        assert len({*machine["hashes"].values()}) == 4
    shown = tiny.dvc("metrics", "show", "--json", "metrics/custom_cnn/machine.json")
    assert "vendor" not in shown
