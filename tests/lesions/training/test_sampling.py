"""How often an epoch shows each diagnosis."""

import numpy as np
import pytest

from lesions.training.sampling import Scheme, compute_shares, draw_order

COUNTS = (900, 90, 10)
LABELS = np.repeat([0, 1, 2], COUNTS)


@pytest.mark.parametrize(
    ("scheme", "expected"),
    [
        ("shuffled", (0.9, 0.09, 0.01)),
        ("class_balanced", (1 / 3, 1 / 3, 1 / 3)),
        ("square_root", np.array([30, 9.4868, 3.1623]) / 42.6491),
    ],
)
def test_each_diagnosis_is_shown_in_proportion_to_its_share(scheme: Scheme, expected: tuple[float, ...]) -> None:
    np.testing.assert_allclose(compute_shares(COUNTS, scheme), expected, atol=1e-5)
    shown = [draw_order(LABELS, COUNTS, scheme, seed=0, epoch=epoch) for epoch in range(50)]
    assert {len(order) for order in shown} == {1000}
    found = np.bincount(LABELS[np.concatenate(shown)], minlength=3) / 50_000
    # The standard error of a share of 50,000 draws is at most 0.0022.
    np.testing.assert_allclose(found, expected, atol=0.01)


def test_shuffled_shows_each_image_once() -> None:
    order = draw_order(LABELS, COUNTS, "shuffled", seed=0, epoch=1)
    np.testing.assert_array_equal(np.sort(order), np.arange(1000))
    assert (order != np.arange(1000)).mean() > 0.9


@pytest.mark.parametrize("scheme", ["shuffled", "class_balanced", "square_root"])
def test_the_order_depends_on_seed_and_epoch(scheme: Scheme) -> None:
    first, again, *others = (
        draw_order(LABELS, COUNTS, scheme, seed=seed, epoch=epoch) for seed, epoch in ((0, 1), (0, 1), (0, 2), (1, 1))
    )
    np.testing.assert_array_equal(first, again)
    for other in others:
        assert (first != other).mean() > 0.9
