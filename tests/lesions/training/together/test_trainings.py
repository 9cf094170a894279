"""Several processes learn what one does."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from lesions.hardware.processes import Processes
from lesions.training.batches import share_batch
from tests.builders import slow
from tests.together import SEEDS, TRAININGS, compute, normalise, read_results, run_together

ONE_STEP = ("one_step", "two_batches", "deep_head")


@pytest.fixture(scope="module", params=[2, slow(3)])
def number_and_folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[int, Path]:
    folder = tmp_path_factory.mktemp("together")
    run_together(request.param, folder)
    return request.param, folder


@pytest.mark.parametrize("name", ONE_STEP)
def test_a_step_has_the_gradient_of_one_process_up_to_rounding(
    number_and_folder: tuple[int, Path], name: str
) -> None:
    _, folder = number_and_folder
    (expected, (of_one,)), (found, (of_several,)) = compute(name), read_results(folder, name, rank=0)
    assert found.keys() == expected.keys()
    largest = max(tensor.abs().max() for key, tensor in expected.items() if key.startswith("gradient"))
    for key, tensor in expected.items():
        torch.testing.assert_close(found[key], tensor, rtol=1e-5, atol=1e-5 * float(largest), msg=key)
    for score in ("loss", "gradient_norm"):
        assert of_several["train"][score] == pytest.approx(of_one["train"][score], rel=1e-5)
    assert of_several["val"] == pytest.approx(of_one["val"], rel=1e-4)
    # Of every image, each once.
    assert of_several["train"]["accuracy"] == of_one["train"]["accuracy"]


@pytest.mark.parametrize("name", TRAININGS)
def test_all_processes_end_with_the_same_network_to_the_bit(number_and_folder: tuple[int, Path], name: str) -> None:
    number, folder = number_and_folder
    first, history = read_results(folder, name, rank=0)
    for rank in range(1, number):
        other, of_other = read_results(folder, name, rank)
        assert of_other == history
        assert all(torch.equal(first[key], other[key]) for key in first)


@pytest.mark.parametrize("name", SEEDS)
def test_a_training_validates_as_that_of_one_process_up_to_rounding(
    number_and_folder: tuple[int, Path], name: str
) -> None:
    _, folder = number_and_folder
    (_, of_one), (_, of_several) = compute(name), read_results(folder, name, rank=0)
    for expected, found in zip(of_one, of_several, strict=True):
        assert found["val"] == pytest.approx(expected["val"], rel=1e-3)


def test_batch_norm_of_all_shares_is_that_of_the_batch(number_and_folder: tuple[int, Path]) -> None:
    number, folder = number_and_folder
    expected = normalise()
    of_weight, of_bias = torch.zeros(3, dtype=torch.float64), torch.zeros(3, dtype=torch.float64)
    for rank in range(number):
        found = load_file(folder / f"batch_norm-{rank}.safetensors")
        places = share_batch(11, Processes(number=number, rank=rank))
        for name in ("output", "of_images"):
            torch.testing.assert_close(found[name], expected[name][places], rtol=1e-10, atol=1e-12)
        for name in ("running_mean", "running_var", "num_batches_tracked"):
            torch.testing.assert_close(found[name], expected[name], rtol=1e-12, atol=0)
        of_weight += found["of_weight"]
        of_bias += found["of_bias"]
    torch.testing.assert_close(of_weight, expected["of_weight"], rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(of_bias, expected["of_bias"], rtol=1e-10, atol=1e-12)


def test_batch_norm_of_each_share_learns_something_else_than_that_of_the_batch(
    number_and_folder: tuple[int, Path],
) -> None:
    _, folder = number_and_folder
    key = "gradient.backbone.0.0.weight"
    together, apart = compute("apart")[0], read_results(folder, "apart", rank=0)[0]
    assert not torch.allclose(apart[key], together[key], rtol=0.1)
