"""No image is predicted by a regression that saw its group."""

import numpy as np
import pytest

from lesions.baselines.cross_fitting import NUM_FOLDS, assign_folds, cross_fit
from lesions.errors import InputError


def draw_images(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw features, labels and groups of 1 to 10 images; a group may have several labels."""
    generator = np.random.default_rng(seed)
    groups = np.repeat([f"g{n}" for n in range(40)], generator.integers(1, 11, 40))
    labels = generator.integers(0, 3, len(groups))
    return generator.normal(size=(len(groups), 4)) + labels[:, None], labels, groups


@pytest.mark.parametrize("seed", range(3))
def test_groups_are_never_in_two_folds(seed: int) -> None:
    _, labels, groups = draw_images(seed)
    folds = assign_folds(labels, groups)
    assert set(folds) == set(range(NUM_FOLDS))
    assert all(len(set(folds[groups == group])) == 1 for group in set(groups))
    assert np.array_equal(folds, assign_folds(labels, groups))


def test_the_labels_of_a_group_do_not_change_its_own_predictions() -> None:
    features, labels, groups = draw_images(0)
    folds = assign_folds(labels, groups)
    logits = cross_fit(features, labels, folds, 3)
    own = groups == "g7"
    again = cross_fit(features, np.where(own, (labels + 1) % 3, labels), folds, 3)
    assert np.array_equal(logits[own], again[own])
    others = folds != folds[own][0]
    assert not np.allclose(logits[others], again[others], atol=1e-3)


def test_two_classes_have_two_columns_whose_order_is_that_of_the_labels() -> None:
    labels = np.tile([0, 1], 20)
    logits = cross_fit(labels[:, None] * 4.0 - 2, labels, np.arange(40) % 5, 2)
    assert np.array_equal(logits.argmax(axis=1), labels)


def test_a_class_that_is_in_one_fold_alone_is_unknown_to_its_regression() -> None:
    features, labels, groups = draw_images(0)
    labels[groups == "g0"] = 3
    folds = assign_folds(labels, groups)
    own = folds == folds[groups == "g0"][0]
    logits = cross_fit(features, labels, folds, 4)
    assert np.isneginf(logits[own, 3]).all()
    assert np.isfinite(logits[own, :3]).all()
    assert np.isfinite(logits[~own]).all()


def test_a_fold_whose_others_have_one_class_predicts_that_class() -> None:
    logits = cross_fit(np.zeros((4, 1)), np.array([0, 0, 1, 1]), np.array([0, 1, 2, 2]), 2)
    assert logits[2:].tolist() == [[0, -np.inf], [0, -np.inf]]


@pytest.mark.parametrize(
    ("groups", "labels", "problem"),
    [
        ("abcdd", [0, 1, 0, 1, 1], "4 groups, and 3 images of the most frequent class, are too few for 5 folds"),
        ("abcdef", [0, 0, 0, 1, 1, 1], "6 groups, and 3 images of the most frequent class, are too few for 5 folds"),
        ("aabbcc", [0, 0, 0, 0, 0, 1], "3 groups, and 5 images of the most frequent class, are too few for 5 folds"),
    ],
)
def test_too_few_images_are_refused(groups: str, labels: list[int], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        assign_folds(np.array(labels), np.array(list(groups)))


def test_a_rare_class_is_spread_over_the_folds() -> None:
    labels = np.repeat([0, 1], [40, 3])
    folds = assign_folds(labels, np.array([f"g{n}" for n in range(43)]))
    assert len(set(folds[labels == 1])) == 3
