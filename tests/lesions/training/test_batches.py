"""Every epoch shows the training images in an order and with changes of its own."""

import numpy as np
import torch

from lesions.networks.preprocessing import Preprocessing
from lesions.training.batches import AugmentedBatches, LabelledRows
from tests.builders import NO_AUGMENTATION

IMAGES = np.arange(20, dtype=np.uint8)[:, None, None, None] * np.ones((1, 4, 4, 3), dtype=np.uint8)
ROWS = np.arange(19, 5, -1)  # the training images are some rows of the cache, not in its order


def batches(batch_size: int = 4, seed: int = 0, **changes: float) -> AugmentedBatches:
    return AugmentedBatches(
        IMAGES,
        LabelledRows(ROWS, ROWS % 3),
        class_counts=(5, 4, 5),
        augmentation=NO_AUGMENTATION.model_copy(update=changes),
        preprocessing=Preprocessing(4, mean=(0, 0, 0), std=(1 / 255,) * 3),
        device=torch.device("cpu"),
        batch_size=batch_size,
        seed=seed,
    )


def shown(source: AugmentedBatches, epoch: int) -> list[int]:
    """The rows of the cache that an epoch shows, read back from their pixels, in order."""
    order = []
    for inputs, labels in source.epoch(epoch):
        rows = inputs[:, 0, 0, 0].round().long()
        assert torch.equal(rows % 3, labels)
        order += rows.tolist()
    return order


def test_an_epoch_shows_whole_batches_of_different_images_with_their_classes() -> None:
    order = shown(batches(), 1)
    assert len(order) == len(set(order)) == 12 == 4 * batches().num_batches
    assert set(order) <= set(ROWS.tolist())


def test_over_the_epochs_every_image_is_shown() -> None:
    assert {row for epoch in range(5) for row in shown(batches(), epoch)} == set(ROWS.tolist())


def test_order_depends_on_seed_and_epoch() -> None:
    assert shown(batches(), 1) == shown(batches(), 1)
    assert shown(batches(), 1) != shown(batches(), 2)
    assert shown(batches(), 1) != shown(batches(seed=1), 1)


def test_fewer_images_than_a_batch_are_one_batch() -> None:
    assert sorted(shown(batches(batch_size=100), 1)) == sorted(ROWS.tolist())


def test_what_an_image_goes_through_does_not_depend_on_its_batch() -> None:
    def brightness(batch_size: int) -> dict[int, float]:
        source = batches(batch_size=batch_size, brightness=0.01)
        seen = {}
        for inputs, _ in source.epoch(3):
            for image in inputs:
                seen[round(image[0, 0, 0].item())] = image[0, 0, 0].item()
        return seen

    assert brightness(14) == brightness(7)
    assert len(set(brightness(14).values())) == 14
