"""A plan keeps what it promises: the interval is as narrow, and the difference is found as often."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from lesions.evaluation.bootstrap import sum_by_group
from lesions.evaluation.expectation import Experience, expect, learn_from_models, measure_likeness
from lesions.evaluation.planning import plan_difference, plan_half_width
from lesions.evaluation.proportions import estimate_proportions
from tests.runs import build_predictions


def draw_groups(num_groups: int, seed: int) -> np.ndarray:
    """The group of each image; a group has one to four images."""
    return np.repeat(np.arange(num_groups), np.random.default_rng(seed).integers(1, 5, num_groups))


def draw_hits(groups: np.ndarray, score: float, likeness: float, seed: int) -> np.ndarray:
    """Whether each image is classified correctly: with this probability the same for its whole group."""
    generator = np.random.default_rng(seed)
    own, of_group = generator.random((2, len(groups))) < score
    return np.where((generator.random(len(groups)) < np.sqrt(likeness)), of_group[groups], own)


def dataset(num_groups: int = 2000) -> pd.DataFrame:
    groups = draw_groups(num_groups, seed=1)
    return pd.DataFrame({"group_id": groups.astype(str), "split": "test", "label": 0})


def test_likeness_is_the_correlation_within_groups() -> None:
    groups = draw_groups(4000, seed=2)
    hits = draw_hits(groups, 0.7, 0.36, seed=3)[None].astype(float)
    y_true = np.zeros(len(groups), dtype=np.int64)
    assert measure_likeness(hits, y_true, pd.Series(groups)) == pytest.approx(0.36, abs=0.04)
    assert measure_likeness(hits[:, :30], y_true[:30], pd.Series(groups[:30])) is None


def test_a_hand_worked_likeness() -> None:
    # 100 groups of two: 50 all right, 30 all wrong, 20 with one of each. p = 0.6, p (1 - p) = 0.24.
    # The mean product of deviations is (50 * 0.16 + 30 * 0.36 - 20 * 0.24) / 100 = 0.14.
    hits = np.repeat([[1, 1], [0, 0], [1, 0]], [50, 30, 20], axis=0).ravel()[None].astype(float)
    y_true, groups = np.zeros(200, dtype=np.int64), pd.Series(np.arange(200) // 2)
    assert measure_likeness(hits, y_true, groups) == pytest.approx(0.14 / 0.24)


def test_the_planned_groups_give_the_wanted_half_width() -> None:
    experience = Experience(0.4, np.array([0.85]), np.array([np.nan]))
    plan = plan_half_width(dataset(), expect(["a"], experience, score=None), 0.06, together=False)
    needed = plan.needs[0].num_needed
    assert needed is not None
    widths = []
    for seed in range(40):
        groups = draw_groups(needed, seed)
        hits = draw_hits(groups, 0.85, 0.4, seed)
        (estimate,) = estimate_proportions(hits, [np.ones(len(hits), dtype=bool)], pd.Series(groups))
        widths.append((estimate.high - estimate.low) / 2)
    assert np.median(widths) == pytest.approx(0.06, rel=0.1)


def test_the_planned_groups_find_the_difference_in_four_of_five_test_sets() -> None:
    # Two models with 0.85 and 0.75 that err independently, each with a likeness of 0.4 within groups.
    discordance = 0.85 * 0.25 + 0.15 * 0.75
    experience = Experience(0.4, np.array([0.8]), np.array([discordance]))
    plan = plan_difference(dataset(), expect(["a"], experience, score=None), 0.1, together=False)
    needed = plan.needs[0].num_needed
    assert needed is not None
    found = 0
    for seed in range(400):
        groups = draw_groups(needed, seed)
        ahead = draw_hits(groups, 0.85, 0.4, 2 * seed).astype(float) - draw_hits(groups, 0.75, 0.4, 2 * seed + 1)
        error = np.sqrt((sum_by_group(ahead - ahead.mean(), pd.Series(groups)) ** 2).sum()) / len(groups)
        found += ahead.mean() / error > norm.ppf(0.975)
    # One standard error of the share is 0.02. The difference of hits is a little less alike than the hits.
    assert 0.74 < found / 400 < 0.9


def test_the_mean_over_classes_needs_fewer_groups_of_each_class() -> None:
    images = dataset()
    images["label"] = np.arange(len(images)) % 4
    expected = expect("abcd", Experience(0.4, np.full(4, 0.8), np.full(4, 0.3)), score=None)
    alone, mean = (plan_half_width(images, expected, 0.05, together=together) for together in (False, True))
    assert alone.needs[0].num_needed > 3.5 * mean.needs[0].num_needed  # type: ignore[operator]
    # The half-width of the mean of four equal ones is half of each.
    assert mean.reached == pytest.approx(mean.needs[0].reached / 2, rel=0.05)


def test_what_validation_images_do_not_show_is_assumed_and_said() -> None:
    expected = expect(["mole", "scar"], Experience(None, np.array([0.9, 1.0]), np.array([0.1, np.nan])), score=None)
    assert expected.scores == (0.9, 0.8)
    assert expected.discordances == pytest.approx((0.1, 2 * 0.8 * 0.2))
    assert [note.split(" ")[-1] for note in expected.notes] == ["predictions.", "1.", "scar."]


def test_recalls_and_discordances_are_learnt_by_class() -> None:
    y_true = np.repeat([0, 1], 4)
    first = build_predictions(y_true, np.eye(3)[[0, 0, 0, 1, 1, 1, 1, 1]])
    second = replace(first, logits=np.eye(3)[[0, 0, 1, 0, 1, 1, 0, 0]])
    learnt = learn_from_models([first, second])
    np.testing.assert_allclose(learnt.recalls, [6 / 8, 6 / 8, np.nan])
    np.testing.assert_allclose(learnt.discordances, [2 / 4, 2 / 4, np.nan])
    assert np.isnan(learn_from_models([first]).discordances).all()
