"""The training loop of timm's train.py, for a network that starts from ImageNet weights."""

from pathlib import Path
from typing import Any

import timm
from timm.optim import create_optimizer_v2
from torch import nn
from torchvision import models

from benchmarks.competitors import FINE_TUNING_RATE, WEIGHT_DECAY, Loop, open_in_timm
from lesions.networks.pretrained import read_tensors


def build_timm_training(root: Path, network: str, size_px: int, *, weights: Path) -> Loop:
    """Build timm's loader, with its prefetcher, transforms and optimiser, in bfloat16 and channels_last.

    As `train.py --amp --amp-dtype bfloat16 --channels-last --device cpu --opt adamw` does it; the transforms are as
    close to the pipeline's as timm allows.
    """
    values: dict[str, Any] = {"mean": (0.5,) * 3, "std": (0.5,) * 3} if network.startswith("tf_") else {}
    num_classes, loader, to_input = open_in_timm(root, size_px, **values)
    model = build_pretrained(network, weights, num_classes=num_classes)
    optimizer = create_optimizer_v2(model, opt="adamw", lr=FINE_TUNING_RATE, weight_decay=WEIGHT_DECAY)
    return Loop(root, model, loader, to_input, optimizer=optimizer, bfloat16=True)


def build_pretrained(network: str, weights: Path, *, num_classes: int) -> nn.Module:
    """Build a network of timm, or torchvision's MobileNetV2, whose weights timm's does not take; with a new head."""
    tensors = read_tensors(weights)
    if network == "mobilenet_v2":
        mobile = models.mobilenet_v2()
        mobile.load_state_dict(tensors)
        mobile.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(mobile.last_channel, num_classes))
        return mobile
    model: Any = timm.create_model(network, drop_rate=0.2)
    model.load_state_dict(tensors)
    model.reset_classifier(num_classes)
    return model
