"""Every pretrained network is fine-tuned and probed, on images that are normalised as its weights were trained."""

from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import timm
import torch
from safetensors.torch import load_file

from lesions.baselines.features import compute_features, fit_feature_baselines
from lesions.networks.parameters import TimmParameters, TorchvisionParameters
from lesions.parameters.hardware import HardwareParameters
from tests.builders import HARDWARE, WEIGHTS, small_resnet18, small_timm
from tests.training import coloured_images, labelled_rows, train

FILES = {
    "resnet18": "resnet18-imagenet1k-v1.pth",
    "mobilenet_v2": "mobilenet_v2-imagenet1k-v1.pth",
    "timm/tf_efficientnet_lite0": "tf_efficientnet_lite0-imagenet1k.safetensors",
    "timm/tf_efficientnet_lite2": "tf_efficientnet_lite2-imagenet1k.safetensors",
}
needs_weights = pytest.mark.skipif(
    not all((WEIGHTS / file).is_file() for file in FILES.values()), reason="no weights at ../shared/weights"
)
NUM_IMAGES = 200
IMAGES, LABELS = coloured_images(NUM_IMAGES)


def describe(backbone: str) -> TorchvisionParameters | TimmParameters:
    path: Path = WEIGHTS / FILES[backbone]
    build = small_timm if backbone.startswith("timm/") else small_resnet18
    digest = sha256(path.read_bytes()).hexdigest()
    # torchvision's weights of ResNet-18, but not torchvision's file.
    accepted = ("unknown",) if backbone == "resnet18" else ()
    return build(backbone=backbone, weights=str(path), weights_sha256=digest, accepted_licences=accepted)


@needs_weights
@pytest.mark.parametrize("backbone", FILES)
def test_a_pretrained_network_is_fine_tuned_and_probed(backbone: str) -> None:
    architecture = describe(backbone)
    fitted = train(IMAGES, LABELS[:120], labelled_rows(np.arange(120, NUM_IMAGES), LABELS[120:]), num_classes=4,
                   architecture=architecture, precision=torch.bfloat16, batch_size=60)  # fmt: skip
    assert np.isfinite(fitted.history[0]["train"]["loss"])
    table = pd.DataFrame({"row": range(NUM_IMAGES), "label": LABELS, "split": ["train"] * 120 + ["val"] * 80})
    table["group_id"] = [f"g{row}" for row in table.row]
    logits = fit_feature_baselines(
        {"it": architecture}, IMAGES.repeat(2, axis=1).repeat(2, axis=2), table,
        num_classes=4, hardware=HardwareParameters(**HARDWARE),
    )["it"]  # fmt: skip
    # One image in four would be right by chance.
    assert (logits.argmax(axis=1) == LABELS)[120:].mean() > 0.35


@needs_weights
def test_features_of_a_network_of_timm_are_of_images_normalised_as_timm_says() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)
    backbone = "timm/tf_efficientnet_lite0"
    table = pd.DataFrame({"row": [0, 1, 2]})
    architectures = {"it": describe(backbone)}
    ((_, features),) = compute_features(architectures, pixels, table, HardwareParameters(**HARDWARE))
    whole = timm.create_model("tf_efficientnet_lite0", num_classes=1000).eval()
    whole.load_state_dict(load_file(WEIGHTS / FILES[backbone]))
    whole.reset_classifier(0)  # type: ignore[operator]
    with torch.inference_mode():
        expected = whole(torch.from_numpy(pixels).permute(0, 3, 1, 2) / 255 * 2 - 1)
    np.testing.assert_allclose(features, expected, rtol=1e-3, atol=1e-4)
