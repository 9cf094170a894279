"""Small networks as they are exported, with random weights."""

from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from lesions.networks.architecture import build_network
from lesions.networks.classifier import Classifier
from lesions.networks.inference import predict_outputs
from lesions.networks.onnx_export import export_onnx, spell_onnx
from lesions.networks.out_of_distribution import fit_detector
from lesions.networks.parameters import AnyArchitecture
from lesions.networks.served_network import Outputs, PooledNetworks, ServedModel, ServedNetwork
from lesions.networks.source import open_source
from lesions.serving.manifest import Manifest, spell_manifest
from lesions.serving.session import Network
from lesions.tables.calibrations import Calibration
from lesions.transforms.preprocessing import Preprocessing
from tests.builders import small_cnn, small_timm
from tests.served import build_manifest

CACHED_PX = 20
IMAGES = np.random.default_rng(0).integers(0, 256, (7, CACHED_PX, CACHED_PX, 3), dtype=np.uint8)
SIDES = (True, False, None)
CALIBRATION = Calibration(("a", "b", "c"), "vector", (0.5, 2.0, 1.5), (0.3, -0.2, 0.1), (0.0, 0.0, 0.0), "0" * 64, 8)

NAMES = ("views", "pooled", "transformer")
"""The models of `build_served`."""


def build(architecture: AnyArchitecture, seed: int = 0) -> Classifier:
    """Return a network of three classes, with random weights that differ with the seed.

    Its batch norms have seen random images, without which deep networks see the same in all images.
    """
    torch.manual_seed(seed)
    network = build_network(architecture, 3, pretrained=True).train()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.momentum = 1.0
    with torch.no_grad():
        network(torch.randn(8, 3, architecture.size_px, architecture.size_px))
    return network.eval()


def serve(
    architecture: AnyArchitecture, *, num_views: Literal[1, 8] = 1, cached_px: int = CACHED_PX, seed: int = 0
) -> ServedNetwork:
    """Return such a network with its preprocessing and views."""
    preprocessing = Preprocessing(architecture.size_px)
    return ServedNetwork(build(architecture, seed), preprocessing, cached_px=cached_px, num_views=num_views)


def predict_logits(architecture: AnyArchitecture, images: NDArray[np.uint8], *, num_views: int = 1) -> Any:
    """Return what the pipeline computes with the network that `serve` serves."""
    source = open_source(images, torch.device("cpu"))
    preprocessing = Preprocessing(architecture.size_px)
    return predict_outputs(
        build(architecture), source, np.arange(len(images)), preprocessing=preprocessing, num_views=num_views
    )


def serve_all(networks: ServedNetwork | PooledNetworks) -> ServedModel:
    """Return the networks with calibration, malignancy and a detector that was fitted to random numbers."""
    with torch.no_grad():
        depths = networks(torch.rand(40, CACHED_PX, CACHED_PX, 3, generator=torch.Generator().manual_seed(0))).depths
    return ServedModel(networks, Outputs(CALIBRATION, SIDES, fit_detector([each.numpy() for each in depths])))


def build_served(name: str) -> ServedModel:
    """Return a CNN with eight views, two pooled CNNs of which one has a deep head, or a transformer."""
    if name == "views":
        return serve_all(serve(small_cnn(), num_views=8))
    if name == "transformer":
        architecture = small_timm(backbone="timm/test_vit", size_px=16, adapt_input_size=True)
        return serve_all(serve(architecture))
    members = [serve(small_cnn(head_widths=(6,), size_px=13)), serve(small_cnn(normalisation="unit"), seed=1)]
    return serve_all(PooledNetworks(members, scales=(0.5, 2.0), weights=(0.7, 0.3)))


def build_small_manifest(**changes: Any) -> Manifest:
    """Return a manifest for the classes and images of these models."""
    decoding = {"size_px": CACHED_PX, "fit": "crop", "max_megapixels": 4}
    return build_manifest(decoding=decoding, **changes)


@cache
def export(name: str) -> bytes:
    """Return the file of a model of `build_served`; each is exported once, because that takes seconds."""
    return spell_onnx(export_onnx(build_served(name), CACHED_PX), spell_manifest(build_small_manifest()))


def open_network(data: bytes) -> Network:
    """Return an exported file as `lesions predict` runs it."""
    return Network(data, build_small_manifest(), num_threads=1, source=Path("model.onnx"))
