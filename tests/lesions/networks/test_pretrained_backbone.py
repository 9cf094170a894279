"""The file of a pretrained backbone gives a network its weights, or is refused with the reason."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from lesions.errors import InputError
from lesions.networks.architecture import build_network
from lesions.networks.pretrained_backbone import PretrainedMetadata, read_backbone, write_backbone
from tests.builders import small_cnn, small_timm

ABOUT = PretrainedMetadata(
    backbone="timm/test_efficientnet", size_px=32, num_epochs=3, loss=0.123456789012, projection_std=0.9
)


def build_backbone(seed: int) -> torch.nn.Module:
    torch.manual_seed(seed)
    return build_network(small_timm(weights="pretrained"), 2, pretrained=True).backbone


def write(path: Path, change: Callable[[torch.Tensor], torch.Tensor] = lambda tensor: tensor) -> None:
    write_backbone(path, {name: change(each) for name, each in build_backbone(1).state_dict().items()}, ABOUT)


def test_a_backbone_is_read_as_it_was_written(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    pretrained, backbone = read_backbone(tmp_path / "a"), build_backbone(2)
    assert pretrained.about == ABOUT
    pretrained.load_into(backbone)
    for name, tensor in build_backbone(1).state_dict().items():
        assert torch.equal(backbone.state_dict()[name], tensor)


def test_a_file_that_is_missing_or_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with pytest.raises(InputError) as error:
        read_backbone(path)
    assert str(error.value) == f"{path}: there is no such file; run the stage pretrain"
    path.write_bytes(b"no tensors")
    with pytest.raises(InputError) as error:
        read_backbone(path)
    assert str(error.value) == f"{path}: not what the stage pretrain writes; run the stage pretrain again"
    write(path, lambda tensor: tensor * float("nan") if tensor.is_floating_point() else tensor)
    with pytest.raises(InputError, match=r"a: has values in .* that are not finite numbers; run the stage pretrain"):
        read_backbone(path)


def test_weights_of_another_backbone_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "a")
    other = build_network(small_cnn(), 2, pretrained=True).backbone
    with pytest.raises(InputError) as error:
        read_backbone(tmp_path / "a").load_into(other)
    assert str(error.value) == (
        f"{tmp_path / 'a'}: has the weights of a timm/test_efficientnet, which do not fit this backbone; run the "
        "stage pretrain again"
    )
