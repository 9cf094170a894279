"""What `train` and `predict` refuse, on the outputs of the tiny run; the DAG's tests check what they write."""

from pathlib import Path

from tests.repository import Repository

TRAIN = """
python -m stages.train --code data/code/train.json --model {model} --recipe data/recipes/{model}.json
--images data/images.npy --metadata data/metadata.csv --splits data/splits.csv --classes data/classes.json
--checkpoint new/checkpoint --metrics new/metrics --history new/history
"""
PREDICT = """
python -m stages.predict --model {model} --checkpoint data/checkpoints/custom_cnn.safetensors
--images data/images.npy --metadata data/metadata.csv --splits data/splits.csv
--classes data/classes.json --logits new/logits
"""


def refusal(repository: Repository, command: str, model: str = "custom_cnn") -> str:
    """Run a command that must fail and write nothing; return what it prints."""
    done = repository.run(*command.format(model=model).split(), check=False)
    assert done.returncode == 1, done.stdout
    assert not (repository.root / "new").exists()
    return done.stdout


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.unlink()  # it may be a link into DVC's cache
    path.write_text(text.replace(old, new, 1))


def test_a_model_without_a_recipe_is_refused(copy: Repository) -> None:
    expected = "error: data/recipes/vgg.json: there is no such file; run the stage resolve_recipes\n"
    assert refusal(copy, TRAIN, model="vgg") == expected


def test_a_network_with_larger_images_than_the_cache_is_refused(copy: Repository) -> None:
    replace(copy.root / "data/recipes/custom_cnn.json", '"size_px": 32,', '"size_px": 38,')
    assert refusal(copy, TRAIN) == (
        "error: architectures.custom_cnn.size_px is 38, but the cached images have 37 px; "
        "raise cache_images.size_px (about 1.15 times the largest size_px is good)\n"
    )


def test_a_truncated_image_cache_is_refused(copy: Repository) -> None:
    images = copy.root / "data/images.npy"
    data = images.read_bytes()
    images.unlink()  # it may be a link into DVC's cache
    images.write_bytes(data[:-1])
    assert "error: data/images.npy: not a whole image cache" in refusal(copy, TRAIN)
    assert "error: data/images.npy: not a whole image cache" in refusal(copy, PREDICT)


def test_a_missing_input_is_named(copy: Repository) -> None:
    (copy.root / "data/splits.csv").unlink()
    assert refusal(copy, TRAIN) == "error: data/splits.csv: No such file or directory\n"


def test_a_truncated_checkpoint_is_refused_by_the_stage(copy: Repository) -> None:
    checkpoint = copy.root / "data/checkpoints/custom_cnn.safetensors"
    data = checkpoint.read_bytes()
    checkpoint.unlink()
    checkpoint.write_bytes(data[:1000])
    assert "error: data/checkpoints/custom_cnn.safetensors: not a whole checkpoint of this pipeline" in refusal(
        copy, PREDICT
    )


def test_a_checkpoint_of_another_model_is_refused(copy: Repository) -> None:
    output = refusal(copy, PREDICT, model="resnet18")
    assert (
        output == "error: data/checkpoints/custom_cnn.safetensors: is a checkpoint of custom_cnn, expected resnet18\n"
    )


def test_a_checkpoint_of_another_split_is_refused(copy: Repository) -> None:
    replace(copy.root / "data/splits.csv", ",train\n", ",test\n")
    assert refusal(copy, PREDICT) == (
        "error: data/checkpoints/custom_cnn.safetensors: was trained with another splits.csv; "
        "run the stage train again\n"
    )
