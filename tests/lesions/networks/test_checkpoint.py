"""A checkpoint gives the same network back, is the same to the byte, and is refused when it is broken."""

import json
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from lesions.errors import InputError
from lesions.networks.architecture import build_network
from lesions.networks.checkpoint import CheckpointMetadata, read_checkpoint, write_checkpoint
from tests.builders import small_cnn

ARCHITECTURE = small_cnn(dropout=0.1)
ABOUT = CheckpointMetadata(
    model="small",
    classes=("melanoma", "nevus"),
    diagnoses=(("melanoma",), ("nevus",)),
    architecture=ARCHITECTURE,
    mean=(0.5, 0.5, 0.5),
    std=(0.2, 0.2, 0.2),
    inputs={"images.npy": "0" * 64},
    versions={"torch": "2"},
)
CPU = torch.device("cpu")


def write(path: Path, seed: int = 0) -> torch.nn.Module:
    torch.manual_seed(seed)
    network = build_network(ARCHITECTURE, 2, pretrained=True).to(memory_format=torch.channels_last)
    write_checkpoint(path, network.state_dict(), ABOUT)
    return network


def test_the_network_that_was_written_is_read_back(tmp_path: Path) -> None:
    network = write(tmp_path / "a.safetensors")
    again, about = read_checkpoint(tmp_path / "a.safetensors", CPU)
    assert about == ABOUT
    for name, tensor in network.state_dict().items():
        assert torch.equal(again.state_dict()[name], tensor)
    images = torch.rand(3, 3, 16, 16)
    torch.testing.assert_close(again(images), network.eval()(images))
    assert not again.training


def test_the_same_weights_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_the_metadata_is_one_sorted_json_text_that_others_can_read(tmp_path: Path) -> None:
    write(tmp_path / "a")
    with safe_open(tmp_path / "a", framework="np") as file:
        metadata = file.metadata()
    assert list(metadata) == ["lesions"]
    about = json.loads(metadata["lesions"])
    assert list(about) == sorted(about)
    assert about["classes"] == ["melanoma", "nevus"]
    assert about["architecture"]["size_px"] == 16


@pytest.mark.parametrize("length", [0, 4, 100, 2000])
def test_a_truncated_checkpoint_is_refused(tmp_path: Path, length: int) -> None:
    write(tmp_path / "a")
    (tmp_path / "a").write_bytes((tmp_path / "a").read_bytes()[:length])
    with pytest.raises(InputError, match=r"a: not a whole checkpoint of this pipeline .* run the stage train again"):
        read_checkpoint(tmp_path / "a", CPU)


def test_another_safetensors_file_is_refused(tmp_path: Path) -> None:
    save_file({"x": torch.zeros(1)}, tmp_path / "a")
    with pytest.raises(InputError, match="not a whole checkpoint of this pipeline"):
        read_checkpoint(tmp_path / "a", CPU)


def test_a_missing_checkpoint_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none.safetensors: not a whole checkpoint .*No such file"):
        read_checkpoint(tmp_path / "none.safetensors", CPU)
