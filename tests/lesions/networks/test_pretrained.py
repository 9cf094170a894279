"""Pretrained weights come from a file with a known hash, or from torchvision's address, or not at all."""

import hashlib
import re
from collections.abc import Mapping
from functools import partial
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path
from threading import Thread

import pytest
import torch
from safetensors.torch import save_file
from torchvision.models import ResNet18_Weights, resnet18

from lesions.errors import InputError
from lesions.networks.architecture import build_network
from lesions.networks.parameters import TorchvisionParameters, read_architecture
from lesions.networks.pretrained import download_imagenet_weights, read_weights
from lesions.networks.torchvision_backbone import build_torchvision_backbone
from tests.builders import RESNET18_WEIGHTS, WriteParams, needs_resnet18_weights, small_resnet18


def read_it(path: Path, sha256_given: str | None = None) -> Mapping[str, torch.Tensor]:
    """Read a file as the weights of a ResNet-18, by its own sha256 or another."""
    digest = sha256_given or sha256(path)
    return read_weights(small_resnet18(weights=str(path), weights_sha256=digest, accepted_licences=("unknown",)))


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_a_file_with_the_expected_hash_is_read(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"weights{suffix}"
    weights = {"a": torch.arange(3.0)}
    if suffix == ".pth":
        torch.save(weights, path)
    else:
        save_file(weights, path)
    torch.testing.assert_close(dict(read_it(path)), weights)


def test_a_file_with_another_hash_is_refused_and_both_hashes_are_named(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    torch.save({}, path)
    message = rf"weights.pth has the sha256 {sha256(path)}, and weights_sha256 is {'0' * 64}: is it another file"
    with pytest.raises(InputError, match=message):
        read_it(path, "0" * 64)


def test_a_file_that_is_not_torchvisions_is_read_once_its_licence_is_accepted_as_unknown(tmp_path: Path) -> None:
    torch.save({"a": torch.ones(1)}, tmp_path / "a.pth")
    digest = sha256(tmp_path / "a.pth")
    message = (
        f"the licence of the weights of resnet18 is unknown (weights_sha256 {digest} is that of none of "
        "torchvision's files), which may forbid what you mean to do with the model; read it, and set "
        "accepted_licences in the architecture's section to [unknown]"
    )
    with pytest.raises(InputError, match=re.escape(message)):
        read_weights(small_resnet18(weights=str(tmp_path / "a.pth"), weights_sha256=digest))
    assert read_it(tmp_path / "a.pth") == {"a": torch.ones(1)}


def test_nothing_is_downloaded_before_the_licence_is_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # refuses connections
    swag = partial(small_resnet18, backbone="vit_h_14", weights="imagenet", size_px=518)
    with pytest.raises(InputError, match=r"of vit_h_14 is cc-by-nc-4\.0, which .* to \[cc-by-nc-4\.0\]"):
        read_weights(swag())
    with pytest.raises(InputError, match="could not be downloaded"):
        read_weights(swag(accepted_licences=("cc-by-nc-4.0",)))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none.pth: No such file or directory"):
        read_it(tmp_path / "none.pth", "0" * 64)


class Trap:
    """Unpickled, it would write a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self.path,)


def test_only_tensors_are_unpickled(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    torch.save({"a": Trap(tmp_path / "sprung")}, path)
    with pytest.raises(InputError, match=r"weights.pth contains no readable tensors"):
        read_it(path)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    "content",
    [
        b"\x80\x02" + b"(" * 500_000,
        b"\x80\x02" + b"(" * 1000 + b"t" * 1001 + b".",
        b"\x80\x02.",
        b"\x80\x02}q\x00h\x05.",
        b"\x80\x02cos\nsystem\nX\x05\x00\x00\x00touch\x85R.",
        b"\x80\x02X\xff\xff\xff\x7fa.",
        b"\x80\xff",
        b"PK\x03\x04" + b"x" * 100,
        b"",
        b"<html>",
    ],
    ids=["marks", "tuples", "stop", "memo", "code", "length", "protocol", "zip", "empty", "page"],
)
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_a_broken_file_is_refused_and_no_one_is_told_to_run_its_code(
    tmp_path: Path, content: bytes, suffix: str
) -> None:
    path = tmp_path / f"weights{suffix}"
    path.write_bytes(content)
    with pytest.raises(InputError, match=rf"weights\{suffix} contains no readable tensors") as refused:
        read_it(path)
    for word in ("weights_only", "add_safe_globals", "trust", "\n"):
        assert word not in str(refused.value)


@pytest.mark.parametrize(
    "tensor", [torch.tensor([1.0, float("nan")]), torch.tensor(float("inf")), torch.tensor([float("nan")]).half()]
)
def test_weights_that_are_no_numbers_are_refused(tmp_path: Path, tensor: torch.Tensor) -> None:
    torch.save({"fc.bias": tensor}, tmp_path / "a.pth")
    with pytest.raises(InputError, match=r"a\.pth has values in fc\.bias that are not finite numbers"):
        read_it(tmp_path / "a.pth")


def test_weights_that_are_no_plain_tensors_are_refused(tmp_path: Path) -> None:
    torch.save({"a": torch.eye(2).to_sparse()}, tmp_path / "a.pth")
    with pytest.raises(InputError, match=r"a\.pth contains (more than a state|no readable)"):
        read_it(tmp_path / "a.pth")


def test_weights_of_another_network_do_not_fit(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the weights do not fit resnet18: Error"):
        build_torchvision_backbone("resnet18", {"a": torch.zeros(1)})


def test_a_failed_download_names_both_solutions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Port 9 of this machine refuses connections, as the whole network does where there is none.
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    cached = tmp_path / "hub/checkpoints/resnet18-f37072fd.pth"
    expected = (
        "the ImageNet weights of resnet18 could not be downloaded",
        f"save {ResNet18_Weights.DEFAULT.url} as {cached}",
        "or set weights in the architecture's section to the path of a local file and weights_sha256 to what",
    )
    with pytest.raises(InputError, match=".*".join(map(re.escape, expected))):
        download_imagenet_weights("resnet18")


def test_a_cached_copy_with_another_hash_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    cached = tmp_path / "hub/checkpoints/resnet18-f37072fd.pth"
    cached.parent.mkdir(parents=True)
    torch.save({"a": torch.ones(1)}, cached)
    message = (
        rf"resnet18-f37072fd.pth has the sha256 {sha256(cached)}, expected one that starts with f37072fd; remove"
    )
    with pytest.raises(InputError, match=message):
        download_imagenet_weights("resnet18")


def test_weights_are_downloaded_once_and_then_read_from_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = {"a": torch.ones(1)}
    torch.save(weights, tmp_path / "weights.pth")
    name = f"resnet18-{sha256(tmp_path / 'weights.pth')[:8]}.pth"
    (tmp_path / "weights.pth").rename(tmp_path / name)
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "home"))
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/{name}"
        monkeypatch.setattr(ResNet18_Weights.DEFAULT.value, "url", address, raising=False)
        assert download_imagenet_weights("resnet18") == weights
        server.shutdown()
    assert download_imagenet_weights("resnet18") == weights


@pytest.mark.parametrize("content", [{"state_dict": {"a": torch.ones(1)}}, [torch.ones(1)]])
def test_a_file_without_a_state_dictionary_is_refused(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "a.pth")
    with pytest.raises(InputError, match=r"a.pth contains more than a state dictionary"):
        read_it(tmp_path / "a.pth")


@needs_resnet18_weights
def test_only_the_backbone_has_the_pretrained_weights(write_params: WriteParams) -> None:
    phase = {"name": "all", "num_epochs": 1, "layers": "all", "learning_rate_factor": 1, "backbone_factor": 1}
    params = write_params(
        architectures={
            "it": {
                "backbone": "resnet18",
                "weights": str(RESNET18_WEIGHTS),
                "weights_sha256": sha256(RESNET18_WEIGHTS),
                "accepted_licences": ["unknown"],  # of torchvision's weights, but not torchvision's file
                "size_px": 64,
                "normalisation": "auto",
                "head_widths": [],
                "head_batch_norm": False,
                "dropout": 0.0,
                "learning_rate": 0.1,
                "layer_decay": 1,
                "phases": [phase],
            }
        }
    )
    architecture = read_architecture(params, "it")
    assert isinstance(architecture, TorchvisionParameters)
    network = build_network(architecture, 7, pretrained=True).eval()
    whole = resnet18().eval()
    whole.load_state_dict(torch.load(RESNET18_WEIGHTS, weights_only=True))
    images = torch.rand(2, 3, 64, 64)
    torch.testing.assert_close(whole.fc(network.backbone(images)), whole(images))
    assert network(images).shape == (2, 7)
