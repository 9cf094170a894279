"""A run whose images are in shards has the results of one whose images are in one array."""

from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open

from lesions.parameters.overlay import lay_over
from tests.repository import MODELS, Repository, stages_run
from tests.s3_server import BUCKET, KEYS, S3
from tests.shards import write_shards
from tests.train_stage import list_command

ADDRESS = f"s3://{BUCKET}/tiny"
CHECKPOINT = "data/checkpoints/{}.safetensors"


@pytest.fixture(autouse=True)
def environment(s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in KEYS.items():
        monkeypatch.setenv(f"AWS_{name.upper()}", value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3.address)


def read_weights(path: Path) -> dict[str, bytes]:
    with safe_open(path, "np") as file:
        return {name: file.get_tensor(name).tobytes() for name in file.keys()}  # noqa: SIM118, it is no dictionary


def test_training_from_shards_learns_the_same_weights(copy: Repository) -> None:
    images = np.load(copy.root / "data/images.npy")
    lay_over(copy.root / "params.yaml", {"shards": {"address": ADDRESS, "local_gb": images.nbytes / 2e9}})
    (copy.root / "data/images.npy").unlink()
    write_shards(copy.root / "data", images, ADDRESS)
    copy.run("python", *list_command("custom_cnn"))
    before = read_weights(copy.root / CHECKPOINT.format("custom_cnn"))
    assert read_weights(copy.root / "new/weights.safetensors") == before


@pytest.mark.slow
def test_a_run_with_shards_has_the_same_results_and_a_second_has_nothing_to_do(fresh: Repository) -> None:
    def read_outputs() -> dict[str, object]:
        names = ("data/**/*.csv", "metrics/**/*.json", "plots/**/*")
        files = [file for name in names for file in fresh.root.glob(name) if file.is_file()]
        outputs: dict[str, object] = {str(file.relative_to(fresh.root)): file.read_bytes() for file in files}
        return outputs | {model: read_weights(fresh.root / CHECKPOINT.format(model)) for model in MODELS}

    before = read_outputs()
    lay_over(fresh.root / "params.yaml", {"shards": {"address": ADDRESS, "local_gb": 0.0001}})
    assert f"MB in {ADDRESS}" in fresh.run("lesions", "check").stdout
    assert "train@custom_cnn" in stages_run(fresh.dvc("repro"))
    after = read_outputs()
    assert [name for name in before if before[name] != after.get(name)] == []
    assert stages_run(fresh.dvc("repro")) == []
    # Where the shards are is no property of the images: moving them retrains nothing.
    lay_over(fresh.root / "params.yaml", {"shards": {"address": f"s3://{BUCKET}/moved", "local_gb": 0}})
    assert stages_run(fresh.dvc("repro")) == ["cache_images"]
