"""Sets are compared by whole groups: chance is not called drift, drift is found, and its size is right."""

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy.stats import binom, norm

from lesions.drift import comparison
from lesions.drift.comparison import Values, compare, compare_all, list_found
from tests.builders import slow


def numbers(values: NDArray[np.float64], images_per_group: int = 1) -> Values:
    return Values(pd.Series(values), pd.Series([f"g{n // images_per_group}" for n in range(len(values))]))


def draw(generator: np.random.Generator, num_groups: int, *, mean: float = 0.0, images_per_group: int = 1) -> Values:
    """Draw groups whose images are nearly the same."""
    centres = np.repeat(generator.normal(mean, 1, num_groups), images_per_group)
    return numbers(centres + generator.normal(0, 0.05, len(centres)), images_per_group)


@pytest.fixture
def few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparison, "NUM_PERMUTATIONS", 199)
    monkeypatch.setattr(comparison, "NUM_RESAMPLES", 200)


@pytest.mark.usefixtures("few_draws")
def test_chance_alone_is_seldom_called_drift_although_images_of_a_group_are_alike() -> None:
    generator, num_draws = np.random.default_rng(0), 100
    by_group = by_image = 0
    for _ in range(num_draws):
        reference, new = (draw(generator, number, images_per_group=8) for number in (30, 15))
        by_group += compare(reference, new, seed=0).p_value < 0.05
        alone = (numbers(side.values.to_numpy()) for side in (reference, new) if isinstance(side.values, pd.Series))
        by_image += compare(*alone, seed=0).p_value < 0.05
    assert by_group <= binom.ppf(0.999, num_draws, 0.05)
    # What a test by image would have said.
    assert by_image > num_draws / 2


@pytest.mark.usefixtures("few_draws")
@pytest.mark.parametrize(("num_draws", "least"), [(40, 0.85), slow(400, 0.9)])
def test_the_distance_of_a_known_shift_is_right_and_in_its_interval(num_draws: int, least: float) -> None:
    """Of normals that are one standard deviation apart, E |x - y| is that of a normal with mean 1 and variance 2."""
    generator = np.random.default_rng(1)
    between = 2 / np.sqrt(np.pi) * np.exp(-1 / 4) + 1 - 2 * norm.cdf(-1 / np.sqrt(2))
    truth = 1 - 2 / np.sqrt(np.pi) / between
    found = [
        compare(draw(generator, 120, images_per_group=2), draw(generator, 80, mean=1), seed=0)
        for _ in range(num_draws)
    ]
    assert np.mean([each.distance for each in found]) == pytest.approx(truth, abs=0.03)
    assert np.mean([each.low <= truth <= each.high for each in found]) >= least
    assert all(each.p_value < 0.05 for each in found)


def test_of_all_ways_to_choose_the_new_groups_the_p_value_is_the_share_that_is_as_far_apart() -> None:
    """Of 10 ways to choose 2 of 5 groups, the two highest and the two lowest are as far apart as possible."""
    difference = compare(numbers(np.array([1.0, 2, 3])), numbers(np.array([4.0, 5])), seed=0)
    assert difference.p_value == pytest.approx(2 / 10, abs=0.03)
    assert (difference.num_reference, difference.num_new) == (3, 2)
    assert (difference.num_reference_groups, difference.num_new_groups) == (3, 2)


@pytest.mark.usefixtures("few_draws")
def test_a_shift_is_found_in_many_images_of_few_groups_and_chance_is_not() -> None:
    """Counting images instead of groups, none of the shifts was found."""
    generator, num_draws = np.random.default_rng(6), 20
    found = {0.0: 0, 1.5: 0}
    for shift in [*found] * num_draws:
        reference = numbers(generator.normal(size=200))
        centres = np.repeat(generator.normal(shift, np.sqrt(0.1), 5), 40)
        new = numbers(centres + generator.normal(0, np.sqrt(0.9), 200), images_per_group=40)
        found[shift] += compare(reference, new, seed=0).p_value < 0.05
    assert found[0.0] <= binom.ppf(0.999, num_draws, 0.05)
    assert found[1.5] > 0.8 * num_draws


@pytest.mark.usefixtures("few_draws")
def test_a_shift_of_vectors_and_of_words_is_found() -> None:
    generator = np.random.default_rng(2)
    group = pd.Series([f"g{n}" for n in range(60)])
    shifted = (Values(generator.normal(shift, 1, (60, 5)), group) for shift in (0.0, 1.0))
    words = (Values(pd.Series(generator.choice(["back", "leg"], 60, p=p)), group) for p in ([0.2, 0.8], [0.9, 0.1]))
    found = compare_all({"vectors": (*shifted,), "words": (*words,)})  # type: ignore[dict-item]
    assert list_found(found) == ["words", "vectors"]
    assert found["words"].distance == pytest.approx(0.7, abs=0.15)


@pytest.mark.usefixtures("few_draws")
def test_p_values_are_corrected_for_the_number_of_properties_and_unknown_values_left_out() -> None:
    generator = np.random.default_rng(3)
    reference, new = draw(generator, 40), draw(generator, 40, mean=2)
    partly = Values(new.values.where(np.arange(40) < 30), new.group_id) if isinstance(new.values, pd.Series) else new
    nothing = Values(pd.Series([None] * 40, dtype=object), new.group_id)
    alike = (draw(generator, 40), draw(generator, 40))
    found = compare_all({"shift": (reference, partly), "alike": alike, "unknown": (reference, nothing)})
    assert [*found] == ["shift", "alike"]
    assert found["shift"].p_value == 1 / 200
    assert found["shift"].p_holm == pytest.approx(2 / 200)
    assert found["alike"].p_holm == found["alike"].p_value > 0.05
    assert (found["shift"].num_reference, found["shift"].num_new) == (40, 30)
    assert list_found(found) == ["shift"]


@pytest.mark.usefixtures("few_draws")
def test_too_many_vectors_are_drawn_one_group_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparison, "MOST_IMAGES", 50)
    generator = np.random.default_rng(4)
    group = pd.Series([f"g{n // 4}" for n in range(200)])
    sides = [Values(generator.normal(size=(200, 3)), group) for _ in range(2)]
    difference = compare(*sides, seed=0)
    assert (difference.num_reference, difference.num_reference_groups) == (50, 13)


@pytest.mark.usefixtures("few_draws")
def test_one_large_group_does_not_stand_for_all() -> None:
    generator = np.random.default_rng(4)
    large = Values(generator.normal(size=(5500, 3)), pd.Series(["large"] * 5000 + [f"g{n}" for n in range(500)]))
    difference = compare(large, Values(generator.normal(size=(40, 3)), pd.Series(map(str, range(40)))), seed=0)
    assert (difference.num_reference, difference.num_reference_groups) == (550, 501)


@pytest.mark.usefixtures("few_draws")
def test_the_result_depends_on_the_arguments_alone() -> None:
    generator = np.random.default_rng(5)
    sides = draw(generator, 20), draw(generator, 25)
    assert compare(*sides, seed=0) == compare(*sides, seed=0)
