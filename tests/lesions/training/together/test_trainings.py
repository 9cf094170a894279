"""Several processes learn what one does."""

from pathlib import Path

import pytest
import torch

from tests.builders import slow
from tests.together import TRAININGS, compute, read_results, run_together

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


def test_batch_norm_of_each_share_learns_something_else_than_that_of_the_batch(
    number_and_folder: tuple[int, Path],
) -> None:
    _, folder = number_and_folder
    key = "gradient.backbone.0.0.weight"
    together, apart = compute("apart")[0], read_results(folder, "apart", rank=0)[0]
    assert not torch.allclose(apart[key], together[key], rtol=0.1)
