"""How far a file is from its networks, by hand, and what is refused."""

from pathlib import Path

import numpy as np
import pytest

from lesions.errors import InputError
from lesions.exporting.parity import (
    Answers,
    ExportedFile,
    Parity,
    check_agrees_with_table,
    check_parity,
    measure_parity,
)
from tests.runs import build_predictions
from tests.served import SIZE_PX, build_manifest, build_onnx

PATH = Path("data/predictions/a.csv")
PROBABILITY = np.array([[0.7, 0.2, 0.1], [0.5, 0.4, 0.1], [0.1, 0.1, 0.8], [0.3, 0.3, 0.4]])
NETWORKS = Answers(PROBABILITY, np.array([0, 0, 2, 2]))
RAW = np.log(PROBABILITY)


def answer(*, shift: float = 0, called: list[int] | None = None) -> Answers:
    """The answers of a file that moves a probability of the second image to another class."""
    probability = PROBABILITY.copy()
    probability[1, :2] += [-shift, shift]
    return Answers(probability, NETWORKS.called if called is None else np.array(called))


def check(parity: Parity) -> None:
    check_parity(parity, num_images=4, batch_size=64)


def test_differences_are_of_all_probabilities_and_agreement_of_all_images() -> None:
    parity = measure_parity(NETWORKS, answer(shift=6e-4, called=[0, 1, 2, 2]), RAW)
    assert parity.largest == pytest.approx(6e-4)
    assert parity.mean == pytest.approx(2 * 6e-4 / 12)
    assert (parity.agreement, parity.num_undecided) == (0.75, 0)
    assert parity.summarise(64) == {
        "largest_difference_at_64": parity.largest,
        "mean_difference_at_64": parity.mean,
        "agreement_at_64": 0.75,
    }


def test_rounding_is_allowed() -> None:
    check(measure_parity(NETWORKS, answer(shift=9e-6), RAW))


def test_a_larger_difference_is_refused() -> None:
    with pytest.raises(
        InputError,
        match=r"^the exported file differs from its networks, 64 images at a time: by up to 1\.1e-05 in a "
        r"probability \(1e-05 is allowed\), and in the class of 0 of 4 images; nothing was written$",
    ):
        check(measure_parity(NETWORKS, answer(shift=1.1e-5), RAW))


def test_another_class_is_refused_however_alike_the_probabilities_are() -> None:
    with pytest.raises(InputError, match="in the class of 2 of 4 images"):
        check(measure_parity(NETWORKS, answer(called=[1, 1, 2, 2]), RAW))


def test_of_two_classes_that_only_rounding_divides_either_may_be_called() -> None:
    raw = RAW.copy()
    raw[1] = [0.5, 0.500009, -3]
    parity = measure_parity(NETWORKS, answer(called=[0, 1, 2, 2]), raw)
    assert (parity.agreement, parity.num_undecided) == (0.75, 1)
    check(parity)
    raw[1] = [0.5, 0.50002, -3]
    with pytest.raises(InputError, match="in the class of 1 of 4 images"):
        check(measure_parity(NETWORKS, answer(called=[0, 1, 2, 2]), raw))


def test_a_tie_of_other_images_excuses_nothing() -> None:
    raw = RAW.copy()
    raw[3] = [0.5, 0.5, -3]
    with pytest.raises(InputError, match="in the class of 1 of 4 images"):
        check(measure_parity(NETWORKS, answer(called=[0, 1, 2, 2]), raw))


def test_what_is_no_number_is_refused() -> None:
    broken = answer()
    broken.probability[2] = np.nan
    with pytest.raises(InputError, match="by up to nan in a probability"):
        check(measure_parity(NETWORKS, broken, RAW))
    with pytest.raises(InputError, match="differ by up to nan"):
        check_agrees_with_table(broken, build_predictions(np.zeros(4, int), RAW), PATH)


def test_predictions_of_a_gpu_are_those_of_the_checkpoints_and_those_of_another_training_are_not() -> None:
    table = build_predictions(np.zeros(4, int), RAW)
    assert check_agrees_with_table(answer(shift=9e-4), table, PATH) == pytest.approx(9e-4)
    with pytest.raises(
        InputError,
        match=r"^data/predictions/a\.csv: its probabilities differ by up to 0\.0011 from what the checkpoints give; "
        r"run the stages predict and evaluate again$",
    ):
        check_agrees_with_table(answer(shift=1.1e-3), table, PATH)


@pytest.mark.parametrize("batch_size", [1, 2, 64])
def test_a_file_answers_for_rows_of_the_cache_in_their_order(batch_size: int) -> None:
    colours = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]], np.uint8)
    images = np.broadcast_to(colours[:, None, None], (4, SIZE_PX, SIZE_PX, 3))
    file = ExportedFile(build_onnx().SerializeToString(), build_manifest(), images, 1)
    answers, scores = file.run(np.array([2, 0, 1, 0, 3]), batch_size=batch_size)
    assert answers.called[:4].tolist() == [2, 0, 1, 0]
    # Logits of 8, 0 and 0.
    assert answers.probability[1] == pytest.approx(np.array([1, np.exp(-8), np.exp(-8)]) / (1 + 2 * np.exp(-8)))
    assert scores == pytest.approx([1 / 3, 1 / 3, 1 / 3, 1 / 3, 1])
