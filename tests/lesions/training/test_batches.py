"""Every epoch shows the training images in an order and with changes of its own."""

from pathlib import Path

import numpy as np
import pytest
import torch

from lesions.images.shards import Images
from lesions.networks.source import open_source
from lesions.training.batches import AugmentedBatches
from lesions.training.sampling import Scheme
from lesions.transforms.preprocessing import Preprocessing
from tests.builders import NO_AUGMENTATION
from tests.shards import draw_images, open_shards, write_shards
from tests.training import labelled_rows

IMAGES = np.arange(20, dtype=np.uint8)[:, None, None, None] * np.ones((1, 4, 4, 3), dtype=np.uint8)
ROWS = np.arange(19, 5, -1)  # the training images are some rows of the cache, not in its order


def batches(
    batch_size: int = 4, seed: int = 0, sampling: Scheme = "shuffled", images: Images = IMAGES, **changes: float
) -> AugmentedBatches:
    return AugmentedBatches(
        open_source(images, torch.device("cpu")),
        labelled_rows(ROWS, ROWS % 3),
        class_counts=(5, 5, 4),
        augmentation=NO_AUGMENTATION.model_copy(update=changes),
        sampling=sampling,
        preprocessing=Preprocessing(4, mean=(0, 0, 0), std=(1 / 255,) * 3),
        device=torch.device("cpu"),
        batch_size=batch_size,
        seed=seed,
    )


def shown(source: AugmentedBatches, epoch: int) -> list[int]:
    """The rows of the cache that an epoch shows, read back from their pixels, in order."""
    order = []
    for batch in source.epoch(epoch):
        rows = batch.inputs[:, 0, 0, 0].round().long()
        torch.testing.assert_close(batch.targets, torch.eye(3)[rows % 3])
        assert batch.image_ids.tolist() == [f"image_{row}" for row in rows]
        order += rows.tolist()
    return order


def test_an_epoch_shows_whole_batches_of_different_images_with_their_classes() -> None:
    order = shown(batches(), 1)
    assert len(order) == len(set(order)) == 12 == 4 * batches().num_batches
    assert set(order) <= set(ROWS.tolist())


def test_every_image_is_shown_in_some_epoch() -> None:
    assert {row for epoch in range(5) for row in shown(batches(), epoch)} == set(ROWS.tolist())


def test_the_order_depends_on_the_seed_and_the_epoch() -> None:
    assert shown(batches(), 1) == shown(batches(), 1)
    assert shown(batches(), 1) != shown(batches(), 2)
    assert shown(batches(), 1) != shown(batches(seed=1), 1)


def test_fewer_images_than_the_batch_size_form_one_batch() -> None:
    assert sorted(shown(batches(batch_size=100), 1)) == sorted(ROWS.tolist())


def test_the_changes_of_an_image_do_not_depend_on_its_batch() -> None:
    def brightness(batch_size: int) -> dict[int, float]:
        source = batches(batch_size=batch_size, brightness=0.01)
        seen = {}
        for batch in source.epoch(3):
            for image in batch.inputs:
                seen[round(image[0, 0, 0].item())] = image[0, 0, 0].item()
        return seen

    assert brightness(14) == brightness(7)
    assert len(set(brightness(14).values())) == 14


def test_class_balanced_sampling_shows_each_class_equally_often() -> None:
    classes = [row % 3 for epoch in range(200) for row in shown(batches(sampling="class_balanced"), epoch)]
    # 2,400 draws: the standard error of a third is 0.01.
    np.testing.assert_allclose(np.bincount(classes) / len(classes), 1 / 3, atol=0.04)


def test_an_image_that_is_shown_twice_in_an_epoch_is_changed_in_two_ways() -> None:
    source = batches(batch_size=14, sampling="class_balanced", brightness=0.01)
    (batch,) = source.epoch(1)
    values: dict[str, set[float]] = {}
    for name, image in zip(batch.image_ids.tolist(), batch.inputs, strict=True):
        values.setdefault(name, set()).add(image[0, 0, 0].item())
    assert len(values) < 14
    assert sum(len(found) for found in values.values()) == 14


def test_mixed_images_have_mixed_targets() -> None:
    for batch in batches(mixup_alpha=1.0).epoch(1):
        order = [int(name.removeprefix("image_")) for name in batch.image_ids.tolist()]
        own, other = torch.tensor(order), torch.tensor(order[::-1])
        share = ((batch.inputs[:, 0, 0, 0] - other) / (own - other))[:, None]
        expected = share * torch.eye(3)[own % 3] + (1 - share) * torch.eye(3)[other % 3]
        torch.testing.assert_close(batch.targets, expected, rtol=0, atol=1e-3)


def test_batches_of_another_size_have_the_same_images() -> None:
    assert batches().resized(7).num_batches == 2
    assert shown(batches().resized(7), 1) == shown(batches(batch_size=7), 1)
    assert batches().num_batches == 3


@pytest.mark.parametrize("local_gb", [0, 2e-6, 1])
def test_images_in_shards_make_the_same_batches(
    local_gb: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LESIONS_RESUME_DIR", str(tmp_path / "resume"))
    images, address = draw_images(), str(tmp_path / "store")
    shards = open_shards(write_shards(tmp_path, images, address), address, local_gb=local_gb)
    for epoch in (1, 2):
        of_array, of_shards = (
            batches(images=each, rotation_degrees=90, brightness=0.3, mixup_alpha=1).epoch(epoch)
            for each in (images, shards)
        )
        for expected, found in zip(of_array, of_shards, strict=True):
            assert torch.equal(found.inputs, expected.inputs)
            assert torch.equal(found.targets, expected.targets)
            assert found.image_ids.tolist() == expected.image_ids.tolist()
