"""The training loop of timm's train.py, for a network that starts from ImageNet weights."""

from pathlib import Path
from typing import Any

import numpy as np
import timm
import torch
from numpy.typing import NDArray
from PIL import Image
from timm.data import ImageDataset, create_loader, create_transform
from timm.optim import create_optimizer_v2
from torch import nn
from torchvision import models

from benchmarks.competitors import BATCH_SIZE, CPU, FINE_TUNING_RATE, NUM_THREADS, WEIGHT_DECAY, list_files
from lesions.networks.pretrained import read_tensors


class TimmTraining:
    """timm's loader, with its prefetcher, transforms and optimiser, in bfloat16 and channels_last.

    As `train.py --amp --amp-dtype bfloat16 --channels-last --device cpu --opt adamw` does it; the transforms are as
    close to the pipeline's as timm allows.
    """

    def __init__(self, root: Path, network: str, size_px: int, *, weights: Path) -> None:
        torch.set_num_threads(NUM_THREADS)
        self._files = list_files(root / "val")
        dataset = ImageDataset(str(root / "train"))
        self._network: Any = build_pretrained(network, weights, num_classes=len(dataset.reader.class_to_idx))
        self._network.to(memory_format=torch.channels_last)
        values: dict[str, Any] = {"mean": (0.5,) * 3, "std": (0.5,) * 3} if network.startswith("tf_") else {}
        self._loader = create_loader(
            dataset,
            (3, size_px, size_px),
            BATCH_SIZE,
            is_training=True,
            scale=(0.75, 1.0),
            vflip=0.5,
            color_jitter=0.15,
            num_workers=NUM_THREADS,
            device=CPU,
            **values,
        )
        self._to_input: Any = create_transform((3, size_px, size_px), **values)
        self._optimizer = create_optimizer_v2(
            self._network, opt="adamw", lr=FINE_TUNING_RATE, weight_decay=WEIGHT_DECAY
        )
        self._loss = nn.CrossEntropyLoss()

    def train_epoch(self) -> None:
        """Train on all batches of the loader once."""
        self._network.train()
        for inputs, labels in self._loader:
            with torch.autocast("cpu", torch.bfloat16):
                loss = self._loss(self._network(inputs.contiguous(memory_format=torch.channels_last)), labels)
            self._optimizer.zero_grad()
            loss.backward()
            self._optimizer.step()

    @torch.inference_mode()
    def predict(self) -> NDArray[np.int64]:
        """Predict the validation images with timm's own preprocessing."""
        self._network.eval()
        images = torch.stack([self._to_input(Image.open(file).convert("RGB")) for file in self._files])
        return np.concatenate([self._network(part).argmax(dim=1).numpy() for part in images.split(BATCH_SIZE)])


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
