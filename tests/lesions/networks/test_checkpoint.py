"""A checkpoint gives the same network back, is the same to the byte, and is refused when it is broken."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from lesions.errors import InputError
from lesions.hardware.device import to_device
from lesions.hardware.memory import read_peak_memory
from lesions.networks.architecture import build_network
from lesions.networks.checkpoint import CheckpointMetadata, read_checkpoint, write_checkpoint
from lesions.networks.parameters import OwnParameters
from lesions.networks.tensor_file import read_tensor_file, write_tensor_file
from tests.builders import ARCHITECTURE as ARCHITECTURE_SECTION
from tests.builders import small_cnn, small_resnet18

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
    weights_licence=None,
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


def test_a_missing_file_of_an_own_network_is_named(tmp_path: Path) -> None:
    network = write(tmp_path / "a")
    mine = OwnParameters(**ARCHITECTURE_SECTION | {"backbone": "own/nonesuch:build"})
    write_checkpoint(tmp_path / "a", network.state_dict(), replace(ABOUT, architecture=mine))
    with pytest.raises(InputError, match=r"a: own/nonesuch:build: there is no file own_networks/nonesuch.py$"):
        read_checkpoint(tmp_path / "a", CPU)


def test_another_safetensors_file_is_refused(tmp_path: Path) -> None:
    save_file({"x": torch.zeros(1)}, tmp_path / "a")
    with pytest.raises(InputError, match="not a whole checkpoint of this pipeline"):
        read_checkpoint(tmp_path / "a", CPU)


def test_a_missing_checkpoint_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none.safetensors: not a whole checkpoint .*No such file"):
        read_checkpoint(tmp_path / "none.safetensors", CPU)


def rewrite(path: Path, *, change: Callable[[dict[str, Tensor]], object] = len, **about: Any) -> None:
    """Write a good checkpoint, then change its tensors, or what its text says."""
    write(path)
    tensors, text = read_tensor_file(path, key="lesions")
    change(tensors)
    described = json.loads(text)
    described["architecture"] |= about.pop("architecture", {})
    write_tensor_file(path, tensors, key="lesions", text=json.dumps(described | about))


@pytest.mark.parametrize("dtype", [torch.int8, torch.bool, torch.float16, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("name", ["head.1.weight", "backbone.0.0.weight"])
def test_weights_of_another_type_are_refused(tmp_path: Path, dtype: torch.dtype, name: str) -> None:
    rewrite(tmp_path / "a", change=lambda tensors: tensors.update({name: tensors[name].to(dtype)}))
    with pytest.raises(InputError, match=rf"{name} is of type {dtype}, expected torch\.float32"):
        read_checkpoint(tmp_path / "a", CPU)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("name", ["head.1.bias", "backbone.0.1.running_var"])
def test_weights_that_are_no_numbers_are_refused(tmp_path: Path, value: float, name: str) -> None:
    rewrite(tmp_path / "a", change=lambda tensors: tensors[name].view(-1)[0].fill_(value))
    with pytest.raises(InputError, match=rf"{name} has values that are not finite numbers"):
        read_checkpoint(tmp_path / "a", CPU)


@pytest.mark.parametrize(
    ("classes", "diagnoses"),
    [
        (["melanoma", "melanoma"], [["melanoma"], ["melanoma"]]),
        (["melanoma", "nevus"], [["melanoma"]]),
        (["melanoma"], [["melanoma"]]),
        (["melanoma", "nevus", "x"], [["melanoma"], ["nevus"], ["x"]]),
    ],
)
def test_classes_that_do_not_fit_are_refused(tmp_path: Path, classes: list[str], diagnoses: list[list[str]]) -> None:
    rewrite(tmp_path / "a", classes=classes, diagnoses=diagnoses)
    with pytest.raises(InputError, match="not a whole checkpoint of this pipeline"):
        read_checkpoint(tmp_path / "a", CPU)


@pytest.mark.parametrize(
    "architecture",
    [
        {"convolutions_per_block": 1_000_000},
        {"convolutions_per_block": 10**18},
        {"widths": [10**9, 10**9]},
        {"widths": [10**30]},
        {"widths": [4] * 100_000},
        {"head_widths": [10**9]},
        {"head_widths": [10**18, 10**18]},
        {"head_widths": [2] * 100_000},
        {"widths": [4, 9]},
        {"backbone": "x" * 5000, "weights": "none", "weights_sha256": None},
    ],
    ids=lambda architecture: str(architecture)[:40],
)
def test_a_text_that_describes_a_larger_network_builds_none(tmp_path: Path, architecture: dict[str, Any]) -> None:
    rewrite(tmp_path / "a", architecture=architecture)
    before = read_peak_memory()
    with pytest.raises(InputError, match=r"a: not a whole checkpoint of this pipeline \(.{,200}\); run"):
        read_checkpoint(tmp_path / "a", CPU)
    assert read_peak_memory() - before < 50_000_000


def test_tensors_that_are_missing_or_too_many_are_refused(tmp_path: Path) -> None:
    for change in (
        lambda tensors: tensors.pop("head.1.bias"),
        lambda tensors: tensors.update(extra=torch.zeros(1)),
        lambda tensors: tensors.update({"head.1.bias": torch.zeros(3)}),
        lambda tensors: tensors.clear(),
    ):
        rewrite(tmp_path / "a", change=change)
        with pytest.raises(InputError, match="not a whole checkpoint of this pipeline"):
            read_checkpoint(tmp_path / "a", CPU)


@pytest.mark.parametrize("backbone", ["resnet18", "regnet_y_400mf", "mobilenet_v3_small"])
def test_networks_of_torchvision_are_read_back(tmp_path: Path, backbone: str) -> None:
    architecture = small_resnet18(backbone=backbone, head_widths=(5,))
    network = to_device(build_network(architecture, 2, pretrained=False), CPU).eval()
    write_checkpoint(tmp_path / "a", network.state_dict(), replace(ABOUT, architecture=architecture))
    again, _ = read_checkpoint(tmp_path / "a", CPU)
    images = torch.rand(2, 3, 32, 32)
    assert torch.equal(again(images), network(images))
    rewritten = network.state_dict() | {"head.1.weight": torch.zeros(10**6, 1)}
    large = architecture.model_copy(update={"head_widths": (10**6,)})
    write_checkpoint(tmp_path / "a", rewritten, replace(ABOUT, architecture=large))
    with pytest.raises(InputError, match="not a whole checkpoint of this pipeline"):
        read_checkpoint(tmp_path / "a", CPU)


def test_a_checkpoint_that_changes_while_it_is_used_changes_nothing(tmp_path: Path) -> None:
    write(tmp_path / "a")
    network, _ = read_checkpoint(tmp_path / "a", CPU)
    images = torch.rand(2, 3, 16, 16)
    before = network(images)
    with (tmp_path / "a").open("r+b") as file:
        file.write(bytes((tmp_path / "a").stat().st_size))
    assert torch.equal(network(images), before)
