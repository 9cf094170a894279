"""Whole training loops to compare: the pipeline's, and those of other libraries.

Each learns from the JPEGs in `train/<class>/` of a folder, in batches of 64, with AdamW at a constant learning rate.
Flips, rotation by any angle, zoom, shift and colour changes are as close to the pipeline's as the library allows.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

from benchmarks.training import Training, describe_architecture
from lesions.networks.architecture import build_network

BATCH_SIZE = 64
NUM_THREADS = 2
LEARNING_RATES = {"custom_cnn": 2e-3, "resnet18": 3e-4}
FINE_TUNING_RATE = 3e-4
"""Learning rates at which all competitors learn within a few epochs."""

WEIGHT_DECAY = 0.05
CPU = torch.device("cpu")
NORMALISE = [transforms.ToTensor(), transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))]


class Competitor(Protocol):
    """A training whose epochs can be timed one by one."""

    def train_epoch(self) -> None:
        """Learn from every image once, except those that would not fill a last batch."""
        ...

    def predict(self) -> NDArray[np.int64]:
        """Return the predicted class of each validation image, in the order of class and name."""
        ...


class Ours:
    """The pipeline's training; the images are decoded once, when it is built.

    Attributes
    ----------
    decoding_s
        Seconds in which the images were decoded.
    data_s
        Seconds in the last epoch that were spent waiting for augmented batches.
    """

    def __init__(
        self, root: Path, network: str, size_px: int, *, precision: torch.dtype, weights: Path | None = None
    ) -> None:
        from lesions.networks.source import GatheredImages

        train, val = list_files(root / "train"), list_files(root / "val")
        self._rows_val = np.arange(len(train), len(train) + len(val))
        start = time.perf_counter()
        images = decode_files([*train, *val], round(1.15 * size_px))
        self.decoding_s = time.perf_counter() - start
        self._training = Training(
            network,
            GatheredImages(images, CPU),
            np.array([int(file.parent.name) for file in train]),
            size_px=size_px,
            batch_size=BATCH_SIZE,
            precision=precision,
            num_threads=NUM_THREADS,
            learning_rate=LEARNING_RATES.get(network, FINE_TUNING_RATE),
            weights=weights,
        )
        self._epoch = 0
        self.data_s = 0.0

    def train_epoch(self) -> None:
        """Take the steps of one epoch."""
        self._epoch += 1
        self.data_s = 0.0
        batches = self._training.batches.epoch(self._epoch)
        while True:
            start = time.perf_counter()
            batch = next(batches, None)
            self.data_s += time.perf_counter() - start
            if batch is None:
                return
            self._training.learn(iter([batch]), 1, rate=1)

    def predict(self) -> NDArray[np.int64]:
        """Predict the validation images."""
        return self._training.predict(self._rows_val)


class Loop:
    """The usual loop over a loader of training images, in float32, or in bfloat16 and channels_last."""

    def __init__(
        self,
        root: Path,
        model: nn.Module,
        loader: Any,
        to_input: Callable[[Any], Tensor],
        *,
        optimizer: Optimizer,
        bfloat16: bool = False,
    ) -> None:
        torch.set_num_threads(NUM_THREADS)
        self._files = list_files(root / "val")
        self._loader, self._to_input, self._bfloat16 = loader, to_input, bfloat16
        self._format = torch.channels_last if bfloat16 else torch.contiguous_format
        self._network = model.to(memory_format=self._format)
        self._optimizer = optimizer

    def train_epoch(self) -> None:
        """Train on all batches of the loader once."""
        self._network.train()
        for inputs, labels in self._loader:
            self._optimizer.zero_grad()
            with torch.autocast("cpu", torch.bfloat16, enabled=self._bfloat16):
                logits = self._network(inputs.contiguous(memory_format=self._format))
            nn.functional.cross_entropy(logits.float(), labels).backward()
            self._optimizer.step()

    @torch.inference_mode()
    def predict(self) -> NDArray[np.int64]:
        """Predict the validation images with the library's own preprocessing."""
        self._network.eval()
        images = torch.stack([self._to_input(Image.open(file).convert("RGB")) for file in self._files])
        return np.concatenate([self._network(part).argmax(dim=1).numpy() for part in images.split(BATCH_SIZE)])


def build_torchvision(root: Path, network: str, size_px: int) -> Loop:
    """Build the loop of most public repositories: PIL images are augmented one by one in two workers."""
    larger = transforms.Resize(round(1.15 * size_px))
    changes = [
        larger,
        transforms.RandomAffine(180, translate=(0.05, 0.05), scale=(0.87, 1.15)),
        transforms.CenterCrop(size_px),
        transforms.RandomHorizontalFlip(),
        transforms.RandomVerticalFlip(),
        transforms.ColorJitter(0.15, 0.15, 0.15),
    ]
    train = datasets.ImageFolder(root / "train", transforms.Compose([*changes, *NORMALISE]))
    loader = DataLoader(
        train, BATCH_SIZE, shuffle=True, drop_last=True, num_workers=NUM_THREADS, persistent_workers=True
    )
    to_input = transforms.Compose([larger, transforms.CenterCrop(size_px), *NORMALISE])
    architecture = describe_architecture(network, size_px, LEARNING_RATES[network])
    model = build_network(architecture, len(train.classes), pretrained=False)
    return Loop(root, model, loader, to_input, optimizer=build_adamw(model, network))


def build_timm(root: Path, network: str, size_px: int, *, bfloat16: bool = False) -> Loop:
    """Build timm's dataset, transforms, loader and network."""
    import timm

    num_classes, loader, to_input = open_in_timm(root, size_px, use_prefetcher=False)
    model = timm.create_model(network, num_classes=num_classes, drop_rate=0.2)
    return Loop(root, model, loader, to_input, optimizer=build_adamw(model, network), bfloat16=bfloat16)


def build_adamw(model: nn.Module, network: str) -> Optimizer:
    """Build AdamW with the constant learning rate of a network."""
    return torch.optim.AdamW(model.parameters(), LEARNING_RATES[network], weight_decay=WEIGHT_DECAY)


def open_in_timm(root: Path, size_px: int, **options: Any) -> tuple[int, Any, Any]:
    """Return the number of classes, timm's loader of the training images, and its transform of one other image.

    Parameters
    ----------
    options
        Of the loader: with `mean` and `std`, also of the transform.
    """
    from timm.data import ImageDataset, create_loader, create_transform

    train = ImageDataset(str(root / "train"))
    loader = create_loader(
        train,
        (3, size_px, size_px),
        BATCH_SIZE,
        is_training=True,
        scale=(0.75, 1.0),
        vflip=0.5,
        color_jitter=0.15,
        num_workers=NUM_THREADS,
        device=CPU,
        **options,
    )
    values = {name: options[name] for name in ("mean", "std") if name in options}
    return len(train.reader.class_to_idx), loader, create_transform((3, size_px, size_px), **values)


class FastAI:
    """fastai's loaders, batch transforms and learner."""

    def __init__(self, root: Path, network: str, size_px: int) -> None:
        from fastai.vision.all import (
            CrossEntropyLossFlat,
            ImageDataLoaders,
            Learner,
            Normalize,
            OptimWrapper,
            Resize,
            aug_transforms,
            imagenet_stats,
            partial,
        )

        torch.set_num_threads(NUM_THREADS)
        changes = aug_transforms(
            size=size_px, flip_vert=True, max_rotate=180, max_zoom=1.15, max_lighting=0.15, max_warp=0,
            p_affine=1, p_lighting=1,
        )  # fmt: skip
        loaders = ImageDataLoaders.from_folder(
            root, valid="val", bs=BATCH_SIZE, item_tfms=Resize(round(1.15 * size_px)),
            batch_tfms=[*changes, Normalize.from_stats(*imagenet_stats)], device=CPU, num_workers=NUM_THREADS,
        )  # fmt: skip
        optimizer = partial(OptimWrapper, opt=partial(torch.optim.AdamW, weight_decay=WEIGHT_DECAY))
        architecture = describe_architecture(network, size_px, LEARNING_RATES[network])
        self._learner = Learner(
            loaders, build_network(architecture, loaders.c, pretrained=False),
            loss_func=CrossEntropyLossFlat(), opt_func=optimizer,
            lr=LEARNING_RATES[network], train_bn=True,
        )  # fmt: skip
        self._learner.create_opt()

    def train_epoch(self) -> None:
        """Train one epoch without validation."""
        learner = self._learner
        with learner.no_bar(), learner.no_logging():
            learner._do_epoch_validate, validate = lambda *_, **__: None, learner._do_epoch_validate
            learner.fit(1)
            learner._do_epoch_validate = validate

    def predict(self) -> NDArray[np.int64]:
        """Predict the validation images."""
        with self._learner.no_bar(), self._learner.no_logging():
            guesses = self._learner.get_preds()[0].argmax(dim=1).numpy()
        # fastai keeps the order in which the system lists the files.
        return guesses[np.argsort([str(file) for file in self._learner.dls.valid_ds.items])]


def list_files(folder: Path) -> list[Path]:
    """List the images in a folder, sorted by class and name."""
    return sorted(folder.glob("*/*.jpg"))


def decode_files(files: list[Path], size_px: int) -> NDArray[np.uint8]:
    """Decode images as the stage `cache_images` does; (N, size_px, size_px, 3)."""
    from lesions.images.decode import DecodingParameters, decode_image

    parameters = DecodingParameters(size_px=size_px, fit="crop", max_megapixels=100.0)
    with ThreadPoolExecutor(NUM_THREADS) as threads:
        return np.stack(list(threads.map(lambda file: decode_image(file.read_bytes(), parameters).pixels, files)))
