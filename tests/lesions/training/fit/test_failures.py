"""A training that cannot go on says at which step, because of which image, and what to change."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from lesions.errors import InputError
from lesions.networks.classifier import Classifier
from tests.builders import NO_AUGMENTATION, small_cnn
from tests.training import LONG_PHASE, SMALL_IMAGES, SMALL_LABELS, labelled_rows, train, train_small


def test_a_loss_that_explodes_stops_with_its_epoch_and_its_step() -> None:
    with pytest.raises(
        InputError,
        match=r"epoch 1, step 2: the training loss is (nan|inf|[\d.e+]+) and the gradient's norm [\w.+]+; .*"
        "Look at the images, or lower the architecture's learning_rate or optimizer.max_gradient_norm",
    ):
        train_small(
            architecture=small_cnn(learning_rate=1e30, phases=(LONG_PHASE,)),
            schedule={"name": "constant", "warmup_fraction": None},
        )


def train_with_a_white_image(change_network: Callable[[Classifier], object]) -> None:
    images = SMALL_IMAGES.copy()
    images[17] = 255
    val = labelled_rows(np.arange(8), SMALL_LABELS[:8])
    train(images, SMALL_LABELS, val, num_classes=2, augmentation=NO_AUGMENTATION, change_network=change_network)


def are_white(images: torch.Tensor) -> torch.Tensor:
    return images.amin(dim=(1, 2, 3)) > 1.5  # they are normalised


def test_an_image_that_makes_the_loss_no_number_is_named() -> None:
    def fail_on_white(_: nn.Module, inputs: tuple[torch.Tensor], features: torch.Tensor) -> torch.Tensor:
        return torch.where(are_white(inputs[0])[:, None], torch.nan, features)

    message = r"epoch 1, step \d: the training loss is nan and .* the largest losses have image_17 \(inf\), image_"
    with pytest.raises(InputError, match=message):
        train_with_a_white_image(lambda network: network.backbone.register_forward_hook(fail_on_white))


def test_a_gradient_that_is_no_number_stops_at_its_own_step() -> None:
    def fail_on_white(_: nn.Module, inputs: tuple[torch.Tensor], features: torch.Tensor) -> None:
        if features.requires_grad:
            white = are_white(inputs[0])[:, None]
            features.register_hook(lambda gradient: torch.where(white, torch.nan, gradient))

    with pytest.raises(InputError, match=r"the training loss is \d\.\d+ and the gradient's norm nan; the largest"):
        train_with_a_white_image(lambda network: network.backbone.register_forward_hook(fail_on_white))


def test_weights_that_are_no_numbers_blame_no_image() -> None:
    def spoil(network: Classifier) -> None:
        nn.init.constant_(network.get_parameter("head.1.weight"), torch.nan)

    with pytest.raises(InputError, match="so is the loss of each of its 16 images, so the weights are to blame"):
        train_small(change_network=spoil)


def fit_on_a_device_with_room_for(largest: int, **changes: Any) -> None:
    def refuse(_: nn.Module, inputs: tuple[torch.Tensor]) -> None:
        if len(inputs[0]) > largest:
            raise torch.OutOfMemoryError

    train_small(change_network=lambda network: network.register_forward_pre_hook(refuse), **changes)


def test_out_of_memory_says_which_batch_would_fit() -> None:
    with pytest.raises(
        InputError,
        match=r"epoch 1: a batch of 16 images does not fit into the memory of the device; batches of 4 fit \(this "
        r"was tried\): set training\.batch_size to 4, and training\.accumulation_steps to 4, which keeps the number",
    ):
        fit_on_a_device_with_room_for(5)


def test_out_of_memory_with_parts_counts_the_parts() -> None:
    with pytest.raises(
        InputError,
        match=r"epoch 1: a batch of 16 images .* training\.batch_size to 4, and training\.accumulation_steps to 8",
    ):
        fit_on_a_device_with_room_for(5, accumulation_steps=2)


def test_out_of_memory_for_any_batch_asks_for_smaller_images() -> None:
    with pytest.raises(
        InputError,
        match="a batch of 2 does not fit either: lower the architecture's size_px, or choose a smaller network",
    ):
        fit_on_a_device_with_room_for(1)
