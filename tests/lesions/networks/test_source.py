"""Tests that each source yields the same batches of cached images."""

import threading

import numpy as np
import pytest
import torch

from lesions.networks.source import GatheredImages, ImageSource, ResidentImages, open_source

CPU = torch.device("cpu")
IMAGES = np.random.default_rng(0).integers(0, 256, (7, 4, 4, 3), dtype=np.uint8)
ROWS = np.array([6, 0, 3, 3, 5])


@pytest.mark.parametrize("source", [GatheredImages(IMAGES, CPU), ResidentImages(IMAGES, CPU)])
def test_batches_keep_the_order_of_rows_and_the_last_one_may_be_smaller(source: ImageSource) -> None:
    batches = [batch.clone() for batch in source.yield_batches(ROWS, 2)]
    assert [len(batch) for batch in batches] == [2, 2, 1]
    np.testing.assert_array_equal(torch.cat(batches), IMAGES[ROWS])
    assert batches[0].dtype == torch.uint8


def test_a_large_cache_is_uploaded_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lesions.networks.source.UPLOAD_BYTES", 100)  # two images of 48 bytes
    (batch,) = ResidentImages(IMAGES, CPU).yield_batches(np.arange(7), 7)
    np.testing.assert_array_equal(batch, IMAGES)


def test_the_next_batch_is_gathered_while_the_current_one_is_used() -> None:
    gathered: list[int] = []
    two_are_there = threading.Event()

    class Watched(GatheredImages):
        def _gather(self, rows: np.ndarray) -> torch.Tensor:
            batch = super()._gather(rows)
            gathered.append(rows[0])
            if len(gathered) == 2:
                two_are_there.set()
            return batch

    batches = Watched(IMAGES, CPU).yield_batches(np.arange(6), 2)
    next(batches)
    assert two_are_there.wait(timeout=60)
    assert gathered == [0, 2]


def test_batches_are_gathered_from_a_memory_map_on_the_cpu() -> None:
    assert isinstance(open_source(IMAGES, CPU), GatheredImages)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA here")
def test_on_a_gpu_both_kinds_give_the_same_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    cuda = torch.device("cuda")
    resident = open_source(IMAGES, cuda)
    monkeypatch.setattr("lesions.networks.source.RESIDENT_FRACTION", 0)
    gathered = open_source(IMAGES, cuda)
    assert isinstance(resident, ResidentImages) and isinstance(gathered, GatheredImages)
    for source in (resident, gathered):
        np.testing.assert_array_equal(torch.cat(list(source.yield_batches(ROWS, 2))).cpu(), IMAGES[ROWS])
