"""A source of altered images alters each by its own row, however they are put into batches."""

import numpy as np
import pytest
import torch

from lesions.networks.corrupted_source import CorruptedImages
from lesions.networks.source import GatheredImages
from lesions.transforms.conditions import Condition
from lesions.transforms.corruptions import corrupt_images

IMAGES = np.random.default_rng(0).integers(0, 256, (20, 24, 24, 3), dtype=np.uint8)


@pytest.mark.parametrize("batch_size", [1, 3, 7, 100])
def test_batches_of_any_size_hold_the_same_altered_images(batch_size: int) -> None:
    rows, condition = np.array([19, 2, 2, 7, 11, 0, 5]), Condition("hairs", 4)
    source = CorruptedImages(GatheredImages(IMAGES, torch.device("cpu")), condition)
    batches = [*source.yield_batches(rows, batch_size)]
    assert [len(batch) for batch in batches][:-1] == [batch_size] * (len(batches) - 1)
    expected = corrupt_images(torch.from_numpy(IMAGES[rows]), rows, condition)
    assert torch.equal(torch.cat(batches), expected)
    assert torch.equal(expected[1], expected[2])
