"""Which images each of several processes has: together they have each image once."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lesions.errors import InputError
from lesions.hardware.processes import ALONE, Processes
from lesions.networks.architecture import build_network
from lesions.networks.inference import BATCH_SIZE, predict_outputs
from lesions.networks.preprocessing import build_preprocessing
from lesions.networks.source import open_source
from lesions.training.batches import AugmentedBatches, Batch, check_shares, share_batch
from lesions.training.validation import share_batches
from lesions.transforms.parameters import AugmentationParameters
from tests.builders import small_cnn
from tests.training import CPU, EVERYTHING, coloured_images, labelled_rows

IMAGES, LABELS = coloured_images(60)


def list_processes(number: int) -> list[Processes]:
    return [Processes(number=number, rank=rank, local_rank=rank, local_number=number) for rank in range(number)]


def list_batches(
    processes: Processes, batch_size: int, augmentation: AugmentationParameters = EVERYTHING["augmentation"]
) -> list[Batch]:
    batches = AugmentedBatches(
        open_source(IMAGES, CPU),
        labelled_rows(np.arange(len(IMAGES)), LABELS),
        class_counts=tuple(np.bincount(LABELS).tolist()),
        augmentation=augmentation,
        sampling="square_root",
        preprocessing=build_preprocessing(small_cnn()),
        device=CPU,
        batch_size=batch_size,
        seed=3,
        processes=processes,
    )
    return list(batches.epoch(2))


@given(number=st.integers(2, 20), more=st.integers(0, 200))
def test_each_image_of_a_batch_is_in_one_share_with_its_partner_and_no_share_is_small(number: int, more: int) -> None:
    batch_size = 2 * number + more
    shares = [share_batch(batch_size, processes) for processes in list_processes(number)]
    assert sorted(np.concatenate(shares)) == list(range(batch_size))
    for share in shares:
        assert set(batch_size - 1 - share) == set(share)
        assert abs(len(share) - batch_size / number) <= 2
        assert len(share) >= 2


@pytest.mark.parametrize(("number", "batch_size"), [(2, 16), (3, 7), (4, 15)])
def test_together_several_processes_have_the_images_that_one_has(number: int, batch_size: int) -> None:
    of_one = list_batches(ALONE, batch_size)
    of_each = [list_batches(processes, batch_size) for processes in list_processes(number)]
    assert len(of_one) == len(IMAGES) // batch_size
    for whole, *shares in zip(of_one, *of_each, strict=True):
        inputs, targets = torch.empty_like(whole.inputs), torch.empty_like(whole.targets)
        for share in shares:
            inputs[share.places], targets[share.places] = share.inputs, share.targets
            assert (share.image_ids == whole.image_ids).all()
        # The same numbers are drawn; a processor may round the last images of a share otherwise.
        torch.testing.assert_close(inputs, whole.inputs, rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(targets, whole.targets, rtol=1e-6, atol=1e-6)


def test_a_batch_without_two_images_for_each_process_is_refused() -> None:
    check_shares(1, num_processes=1)
    check_shares(8, num_processes=4)
    with pytest.raises(InputError) as caught:
        list_batches(list_processes(4)[0], batch_size=7)
    assert str(caught.value) == (
        "hardware.num_processes is 4, and a batch has 7 images, of which each process takes at least 2: set "
        "training.batch_size to 8 or more, where there are as many to train on, or start fewer processes"
    )


@given(number=st.integers(1, 9), num_images=st.integers(0, 3000))
def test_each_image_is_predicted_by_one_process_in_the_batch_that_it_always_has(number: int, num_images: int) -> None:
    shares = [share_batches(num_images, processes) for processes in list_processes(number)]
    assert sorted(np.concatenate(shares)) == list(range(num_images))
    batches = [
        tuple(share[start : start + BATCH_SIZE]) for share in shares for start in range(0, len(share), BATCH_SIZE)
    ]
    assert sorted(batches) == [
        tuple(range(start, min(start + BATCH_SIZE, num_images))) for start in range(0, num_images, BATCH_SIZE)
    ]


def test_shares_have_the_logits_to_the_bit_that_one_process_predicts() -> None:
    images, _ = coloured_images(BATCH_SIZE + 40)
    network, source = build_network(small_cnn(), 4, pretrained=False), open_source(images, CPU)
    preprocessing = build_preprocessing(small_cnn())
    rows = np.arange(len(images))
    expected = predict_outputs(network, source, rows, preprocessing=preprocessing)
    for processes in list_processes(2):
        own = share_batches(len(rows), processes)
        predicted = predict_outputs(network, source, rows[own], preprocessing=preprocessing)
        np.testing.assert_array_equal(predicted, expected[own])
    assert len(share_batches(len(rows), list_processes(3)[2])) == 0
