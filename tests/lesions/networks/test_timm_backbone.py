"""Networks of timm: their features are timm's, their size is theirs, and their weights fit or are refused."""

from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from safetensors.torch import save_file

from lesions.errors import InputError
from lesions.networks.architecture import build_network
from lesions.networks.checkpoint import read_checkpoint, write_checkpoint
from lesions.networks.layers import list_layers
from lesions.networks.parameters import TimmParameters
from tests.builders import small_timm
from tests.lesions.networks.test_checkpoint import ABOUT

IMAGES = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))


def save(path: Path, network: torch.nn.Module, **changes: torch.Tensor) -> dict[str, Any]:
    """Write a network's weights, and return the parameters that name them."""
    save_file(dict(network.state_dict()) | changes, path)
    return {"weights": str(path), "weights_sha256": sha256(path.read_bytes()).hexdigest()}


def test_the_features_are_those_of_timm_with_the_same_weights(tmp_path: Path) -> None:
    whole: Any = timm.create_model("test_efficientnet").eval()
    network = build_network(small_timm(**save(tmp_path / "a.safetensors", whole)), 5, pretrained=True).eval()
    features = network.backbone(IMAGES)
    torch.testing.assert_close(features, whole.forward_head(whole.forward_features(IMAGES), pre_logits=True))
    assert network(IMAGES).shape == (2, 5)


def test_loading_draws_no_random_numbers_and_keeps_no_copy_of_the_weights(tmp_path: Path) -> None:
    weights = save(tmp_path / "a.safetensors", timm.create_model("test_efficientnet"))
    torch.manual_seed(3)
    network = build_network(small_timm(**weights), 5, pretrained=True)
    torch.manual_seed(3)
    expected = torch.nn.Linear(network.backbone(IMAGES).shape[1], 5)
    assert torch.equal(network.head.get_parameter("1.weight"), expected.weight)
    assert "state_dict" not in network.backbone.pretrained_cfg  # type: ignore[operator]


def test_weights_of_another_network_do_not_fit(tmp_path: Path) -> None:
    weights = save(tmp_path / "a.safetensors", timm.create_model("test_resnet"))
    with pytest.raises(InputError, match=r"timm/test_efficientnet cannot be built with these weights.*Missing key"):
        build_network(small_timm(**weights), 5, pretrained=True)


@pytest.mark.parametrize(
    "missing", ["level2.tree1.conv1.weight", "level2.tree1.bn1.weight", "level2.tree1.bn1.running_mean"]
)
def test_weights_that_timm_would_leave_as_they_began_are_refused(tmp_path: Path, missing: str) -> None:
    # timm loads networks of this family even if tensors are missing.
    tensors = timm.create_model("dla46_c").state_dict()
    tensors.pop(missing)
    save_file(tensors, tmp_path / "a.safetensors")
    weights = {
        "weights": str(tmp_path / "a.safetensors"),
        "weights_sha256": sha256((tmp_path / "a.safetensors").read_bytes()).hexdigest(),
    }
    with pytest.raises(InputError, match=rf"these weights.*they do not set {missing}$"):
        build_network(small_timm(backbone="timm/dla46_c", **weights), 5, pretrained=True)


def test_a_file_without_tensors_makes_timm_download_nothing(tmp_path: Path) -> None:
    save_file({}, tmp_path / "a.safetensors")
    digest = sha256((tmp_path / "a.safetensors").read_bytes()).hexdigest()
    with pytest.raises(InputError, match="the file has no tensors"):
        build_network(small_timm(weights=str(tmp_path / "a.safetensors"), weights_sha256=digest), 5, pretrained=True)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"backbone": "timm/vit_small_patch14_dinov2"},
            "timm/vit_small_patch14_dinov2 takes images of 518 × 518 px and no others; got size_px 32. Set size_px "
            "to 518, or adapt_input_size to true",
        ),
        (
            {"backbone": "timm/vit_small_patch14_dinov2", "adapt_input_size": True},
            "into patches of 14 px, which would leave a rest of an image of 32 px; set size_px to a multiple of 14",
        ),
        ({"adapt_input_size": True}, "takes images of any size; it has no use for adapt_input_size; set it to false"),
        (
            {"backbone": "timm/test_vit", "size_px": 160, "adapt_input_size": True},
            "timm/test_vit takes images of 160 px without adapt_input_size; set it to false",
        ),
        ({"backbone": "timm/convnext_tiny", "size_px": 16}, "does not give features for images of 16 px: they have"),
    ],
)
def test_a_size_that_the_network_cannot_have_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as refused:
        build_network(small_timm(**changes), 2, pretrained=False)
    assert message in str(refused.value)


def test_position_embeddings_are_interpolated_to_another_size(tmp_path: Path) -> None:
    weights = save(tmp_path / "a.safetensors", timm.create_model("test_vit"))
    native = build_network(small_timm(backbone="timm/test_vit", size_px=160, **weights), 2, pretrained=True)
    adapted = build_network(
        small_timm(backbone="timm/test_vit", size_px=80, adapt_input_size=True, **weights), 2, pretrained=True
    )
    one, other = (network.backbone.get_parameter("pos_embed") for network in (native, adapted))
    assert (one.shape[1], other.shape[1]) == (1 + 10 * 10, 1 + 5 * 5)
    torch.testing.assert_close(one[:, 0], other[:, 0])  # the class token's has no position
    assert adapted(torch.zeros(1, 3, 80, 80)).shape == (1, 2)
    whole: Any = timm.create_model("test_vit", img_size=80).eval()
    whole.load_state_dict(adapted.backbone.state_dict(), strict=False)
    images = torch.rand(1, 3, 80, 80)
    torch.testing.assert_close(
        adapted.eval().backbone(images), whole.forward_head(whole.forward_features(images), pre_logits=True)
    )


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"backbone": "timm/vit_small_patch14_dinov2", "size_px": 56, "adapt_input_size": True},
        {"backbone": "timm/convnext_tiny"},
        # It has tables that it computes and no file holds.
        {"backbone": "timm/swin_tiny_patch4_window7_224", "size_px": 64, "adapt_input_size": True},
    ],
    ids=["efficientnet", "dinov2", "convnext", "swin"],
)
def test_a_network_with_random_weights_learns_and_is_read_back(tmp_path: Path, changes: dict[str, Any]) -> None:
    torch.manual_seed(0)
    architecture = small_timm(**changes)
    network = build_network(architecture, 2, pretrained=True)
    images = torch.rand(2, 3, architecture.size_px, architecture.size_px)
    torch.nn.functional.cross_entropy(network(images), torch.tensor([0, 1])).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.head.parameters())
    assert any(p.grad is not None and p.grad.any() for p in network.backbone.parameters())
    write_checkpoint(
        tmp_path / "a.safetensors",
        network.state_dict(),
        replace(ABOUT, architecture=architecture),
    )
    again, about = read_checkpoint(tmp_path / "a.safetensors", torch.device("cpu"))
    assert about.architecture == architecture
    network.eval()
    again.eval()
    with torch.inference_mode():
        torch.testing.assert_close(again(images), network(images))


@pytest.mark.parametrize(
    ("backbone", "numbers"),
    [
        # The stem and 12 blocks, the last of them with the norm after it.
        ("timm/vit_small_patch14_dinov2", 13),
        # The stem, 3 + 3 + 9 + 3 blocks, the first of a stage with its downsampling, and the norm.
        ("timm/convnext_tiny", 20),
        # The stem and 1 + 2 + 2 + 3 + 3 + 4 + 1 blocks, the last with the convolution after it.
        ("timm/tf_efficientnet_lite0", 17),
    ],
)
def test_the_layers_are_the_blocks_in_their_order(backbone: str, numbers: int) -> None:
    adapted = {"size_px": 56, "adapt_input_size": True} if "vit" in backbone else {}
    network = build_network(small_timm(backbone=backbone, **adapted), 2, pretrained=False).backbone
    layers = list_layers(network)
    assert [name for name, _ in layers] == [f"layer_{number}" for number in range(numbers)]
    held = [id(parameter) for _, parameters in layers for parameter in parameters]
    assert sorted(held) == sorted(map(id, network.parameters()))
    names = {id(parameter): name for name, parameter in network.named_parameters()}
    firsts = [names[id(parameters[0])] for _, parameters in layers]
    order = [name for name, _ in network.named_parameters()]
    # timm's stem may hold a token that comes first.
    assert [order.index(name) for name in firsts[1:]] == sorted(order.index(name) for name in firsts[1:])


def test_a_checkpoint_of_a_network_that_timm_has_not_is_refused(tmp_path: Path) -> None:
    network = build_network(small_timm(), 2, pretrained=False)
    unknown = TimmParameters(**small_timm().model_dump() | {"backbone": "timm/none_such"})
    write_checkpoint(tmp_path / "a.safetensors", network.state_dict(), replace(ABOUT, architecture=unknown))
    with pytest.raises(InputError, match=r"^\S+a\.safetensors: timm has no network 'none_such'$"):
        read_checkpoint(tmp_path / "a.safetensors", torch.device("cpu"))
