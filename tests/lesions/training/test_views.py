"""A batch has two different views of each of its images."""

import numpy as np
import pytest
import torch

from lesions.networks.source import open_source
from lesions.training.views import TwoViews
from lesions.transforms.preprocessing import Preprocessing
from tests.training import CPU

NOTHING = Preprocessing(16, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
# Black stays black, whatever happens to brightness and contrast, and no grey becomes black.
BRIGHT = np.random.default_rng(0).permutation(np.arange(12) < 5)
PIXELS = (BRIGHT[:, None, None, None] * np.random.default_rng(1).integers(100, 256, (12, 18, 18, 3))).astype(np.uint8)
ROWS = np.arange(1, 12)  # row 0 is of no training image


def list_batches(epoch: int, seed: int = 0) -> list[torch.Tensor]:
    views = TwoViews(open_source(PIXELS, CPU), ROWS, preprocessing=NOTHING, device=CPU, batch_size=4, seed=seed)
    assert views.num_batches == 2
    return list(views.epoch(epoch))


@pytest.mark.parametrize("epoch", [1, 2, 3])
def test_the_second_half_of_a_batch_shows_the_images_of_the_first_half_in_other_views(epoch: int) -> None:
    for batch in list_batches(epoch):
        assert batch.shape == (8, 3, 16, 16)
        first, second = batch.split(4)
        are_bright = first.mean(dim=(1, 2, 3)) > 0
        assert torch.equal(are_bright, second.mean(dim=(1, 2, 3)) > 0)
        for bright, a, b in zip(are_bright.tolist(), first, second, strict=True):
            assert torch.equal(a, b) != bright


def test_an_epoch_shows_no_image_twice_and_another_epoch_or_seed_others() -> None:
    def list_bright(batches: list[torch.Tensor]) -> list[bool]:
        return [bool(view.mean() > 0) for batch in batches for view in batch[:4]]

    orders = [list_bright(list_batches(epoch)) for epoch in range(1, 30)]
    # 8 of 11 images, of which 3 are left out, and all but row 0 may be among them.
    num_bright = int(BRIGHT[1:].sum())
    assert {sum(order) for order in orders} <= {*range(num_bright - 3, num_bright + 1)}
    assert len({tuple(order) for order in orders}) > 5
    assert all(torch.equal(a, b) for a, b in zip(list_batches(1), list_batches(1), strict=True))
    assert not torch.equal(list_batches(1)[0], list_batches(1, seed=1)[0])
