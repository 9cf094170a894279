"""An ensemble is the mean of calibrated log-probabilities, and looks no better on validation than it is."""

from typing import Literal

import numpy as np
import pandas as pd
import pytest
from scipy.special import log_softmax, softmax
from scipy.stats import ttest_1samp, ttest_rel

from lesions.evaluation.calibration_choice import divide_validation, fit_best_calibration
from lesions.evaluation.ensembles import Member, Pool, choose_method, combine_members, fit_pool, fit_weights
from lesions.evaluation.parameters import CalibrationMethod
from lesions.evaluation.scores import score_predictions
from lesions.parameters.combinations import Weights
from lesions.tables.predictions import Predictions

NO_SHIFT = np.zeros(3)


def member(
    logits: np.ndarray,
    y_true: np.ndarray,
    split: list[str],
    groups: np.ndarray | None = None,
    shift: object = NO_SHIFT,
) -> Member:
    """A member with logits (N, 3); each image is a group of its own unless groups are given."""
    names = np.arange(len(y_true)) if groups is None else groups
    images = pd.DataFrame(
        {
            "image_id": [f"image_{n:04d}" for n in range(len(y_true))],
            "group_id": [f"g{name:04d}" for name in names],
            "split": split,
        }
    )
    return Member(Predictions(images, ("x", "y", "z"), y_true, logits.astype(np.float32)), np.array(shift))


def draw(skills: list[float], seed: int, *, num_groups: int, factor: list[float] | None = None) -> list[Member]:
    """Members with such skills, on `num_groups` groups of validation and 400 of test, each of one to four images."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 5, size=num_groups + 400)
    groups = np.repeat(np.arange(len(sizes)), sizes)
    y_true = rng.choice(3, size=len(sizes), p=[0.2, 0.7, 0.1])[groups]
    split = np.where(groups < num_groups, "val", "test").tolist()
    return [
        member(scale * (rng.normal(size=(len(sizes), 3))[groups] + skill * np.eye(3)[y_true]), y_true, split, groups)
        for skill, scale in zip(skills, factor or [1.0] * len(skills), strict=True)
    ]


def score(logits: np.ndarray, of: Member, split: str, metric: str = "balanced_accuracy") -> float:
    """The score of combined logits on a split."""
    chosen = (of.predictions.images.split == split).to_numpy()
    y_true, logits = of.predictions.y_true[chosen], logits[chosen]
    return score_predictions(y_true, softmax(logits, axis=1), y_pred=logits.argmax(axis=1))[metric]


def test_a_single_member_stays_as_it_is_to_the_bit() -> None:
    (alone,) = draw([1.0], 0, num_groups=30)
    both: tuple[Weights, ...] = ("equal", "fitted")
    for weights in both:
        combined = combine_members([alone], weights, "auto")
        assert combined.logits.tobytes() == alone.predictions.logits.tobytes()
        assert (combined.pool.weights.tolist(), combined.prior_shift.tolist()) == ([1.0], [0.0, 0.0, 0.0])


def test_two_members_by_hand() -> None:
    """The geometric mean of (1/2, 1/4, 1/4) and (1/8, 1/8, 3/4) is that of the logarithms; shifts are averaged."""
    split, y_true = ["val", "val", "test"], np.array([0, 2, 1])
    one = member(np.log(np.tile([1 / 2, 1 / 4, 1 / 4], (3, 1))), y_true, split, shift=[2.0, -1.0, -1.0])
    # An amount that is added to all logits of an image changes nothing.
    two = member(np.log(np.tile([1 / 8, 1 / 8, 3 / 4], (3, 1))) + 5, y_true, split, shift=[0.0, 1.0, -1.0])
    combined = combine_members([one, two], "equal", "none")
    expected = np.log([np.sqrt(1 / 16), np.sqrt(1 / 32), np.sqrt(3 / 16)])
    assert combined.logits == pytest.approx(np.tile(expected, (3, 1)), rel=1e-6)
    assert combined.prior_shift == pytest.approx([1.0, 0.0, -1.0])
    assert combined.logits.dtype == np.float32


def test_a_pool_weighs_log_probabilities_of_scaled_logits() -> None:
    one, two = (member(np.array([logits]), np.array([0]), ["test"]) for logits in ([2.0, 0, 0], [0, 3.0, 0]))
    pooled = Pool(np.array([0.5, 1.0]), np.array([0.75, 0.25])).combine(
        [one.predictions.logits, two.predictions.logits]
    )
    assert pooled[0] - pooled[0, 2] == pytest.approx([0.75, 0.75, 0.0])


def test_no_members_call_is_changed_by_its_calibration() -> None:
    """Where a scale per class is the best calibration, one scale for all stands for it."""
    (alone,) = draw([2.0], 1, num_groups=300)
    stretched = member(
        alone.predictions.logits * [1.0, 0.3, 3.0], alone.predictions.y_true, alone.predictions.images.split.tolist()
    )
    val = stretched.keep((stretched.predictions.images.split == "val").to_numpy())
    assert fit_best_calibration(val.predictions, "vector", prior_shift=NO_SHIFT).scale.std() > 0.1
    methods = [choose_method(val, "vector")] * 2
    pooled = fit_pool([val, val], "equal", methods).combine([stretched.predictions.logits] * 2)
    assert (pooled.argmax(axis=1) == stretched.predictions.logits.argmax(axis=1)).all()


def test_a_member_that_is_too_sure_does_not_outvote_the_other() -> None:
    members = draw([1.5, 1.5], 2, num_groups=200, factor=[1.0, 8.0])
    scales = combine_members(members, "equal", "temperature").pool.scales
    assert scales[0] / scales[1] == pytest.approx(8, rel=0.35)


@pytest.mark.parametrize(
    ("weights", "calibration"), [("equal", "temperature"), ("fitted", "temperature"), ("equal", "auto")]
)
def test_validation_images_are_combined_by_what_fits_the_other_folds(
    weights: Weights, calibration: CalibrationMethod | Literal["auto"]
) -> None:
    """The method is that of all of validation, also where a fold has too few groups to choose it (auto)."""
    members = draw([1.0, 2.0], 3, num_groups=70, factor=[4.0, 1.0])
    combined = combine_members(members, weights, calibration)
    val = (members[0].predictions.images.split == "val").to_numpy()
    of_val = [each.keep(val) for each in members]
    folds = divide_validation(of_val[0].predictions.images.group_id, of_val[0].predictions.y_true)
    assert len(set(folds)) == 5
    methods = [choose_method(each, calibration) for each in of_val]
    assert methods[0] == "temperature"
    for fold in range(5):
        fitted = fit_pool([each.keep(folds != fold) for each in of_val], weights, methods)
        expected = fitted.combine([each.predictions.logits[folds == fold] for each in of_val])
        assert combined.logits[val][folds == fold] == pytest.approx(expected, rel=1e-5)
    on_all = fit_pool(of_val, weights, methods)
    assert combined.pool.weights.tolist() == on_all.weights.tolist()
    assert combined.logits[~val] == pytest.approx(
        on_all.combine([each.predictions.logits[~val] for each in members]), rel=1e-5
    )


def test_noise_gains_nothing_on_validation() -> None:
    """Six members that know nothing are weighed: on validation they score no more than chance, unlike their fit."""
    honest, naive = [], []
    for seed in range(30):
        members = draw([0.0] * 6, seed, num_groups=40, factor=[3.0] * 6)
        combined = combine_members(members, "fitted", "none")
        honest.append(score(combined.logits, members[0], "val"))
        naive.append(score(combined.pool.combine([each.predictions.logits for each in members]), members[0], "val"))
    assert ttest_1samp(honest, 1 / 3, alternative="greater").pvalue > 0.05
    assert abs(np.mean(honest) - 1 / 3) < 0.05
    assert ttest_rel(naive, honest, alternative="greater").pvalue < 0.001


@pytest.mark.parametrize("num_groups", [40, 300])
def test_fitted_weights_beat_equal_ones_on_test_where_a_member_is_noise(num_groups: int) -> None:
    gains = []
    for seed in range(5):
        members = draw([2.0, 0.0], seed, num_groups=num_groups, factor=[1.0, 2.0])
        fitted, equal = (combine_members(members, weights, "none") for weights in ("fitted", "equal"))
        assert fitted.pool.weights[0] > 0.9
        gains.append(score(fitted.logits, members[0], "test") - score(equal.logits, members[0], "test"))
    assert min(gains) > 0.1


def test_members_that_are_alike_have_equal_weights() -> None:
    (one,) = draw([1.0], 4, num_groups=50)
    assert combine_members([one, one, one], "fitted", "auto").pool.weights == pytest.approx([1 / 3] * 3, abs=1e-4)


def test_each_group_counts_once_in_the_weights() -> None:
    """One group of many images, on which the first member errs, does not outweigh the others."""
    groups = np.concatenate([np.arange(30), np.full(200, 30)])
    y_true = np.zeros(230, dtype=np.int64)
    right, wrong = log_softmax([2.0, 0.0, 0.0]), log_softmax([0.0, 4.0, 0.0])
    first = np.where((groups < 30)[:, None], right, wrong)
    second = np.where((groups < 30)[:, None], wrong, right)
    group_id = pd.Series([f"g{group}" for group in groups])
    weights = fit_weights(np.stack([first, second]), y_true, group_id, prior_shift=NO_SHIFT)
    assert weights[0] > 0.75


def test_with_the_prior_in_the_shift_two_independent_members_both_count() -> None:
    """Each member has learnt with balanced weights; what they say adds up, and the prior is counted once."""
    prior = np.array([0.2, 0.7, 0.1])
    shift = np.log(prior) - np.log(prior).mean()
    weak, weaker = draw([1.0, 0.8], 5, num_groups=600)
    pair = [Member(each.predictions, shift) for each in (weak, weaker)]
    assert combine_members(pair, "fitted", "none").pool.weights[1] > 0.3


@pytest.mark.parametrize("num_groups", [1, 2, 3])
@pytest.mark.parametrize("calibration", ["none", "temperature", "vector", "auto"])
def test_hardly_any_groups_of_validation_are_enough(
    num_groups: int, calibration: CalibrationMethod | Literal["auto"]
) -> None:
    members = draw([1.0, 1.0], 6, num_groups=num_groups)
    combined = combine_members(members, "fitted", calibration)
    assert np.isfinite(combined.logits).all()
    assert combined.pool.weights.sum() == pytest.approx(1)


def test_a_single_group_of_validation_fits_nothing_for_its_own_images() -> None:
    members = draw([1.0, 1.0], 7, num_groups=1)
    combined = combine_members(members, "fitted", "temperature")
    val = (members[0].predictions.images.split == "val").to_numpy()
    plain = Pool(np.ones(2), np.full(2, 0.5)).combine([each.predictions.logits[val] for each in members])
    assert combined.logits[val] == pytest.approx(plain, rel=1e-5)
