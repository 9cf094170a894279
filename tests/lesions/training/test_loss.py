"""The loss is what its formula says: torch's where torch has one, else worked by hand."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch.nn import functional as F

from lesions.training.loss import Criterion
from lesions.training.parameters import LossParameters
from tests.training import LOSS

WEIGHTS = np.array([0.1, 1.0, 3.0, 0.5])
SHARES = np.array([0.5, 0.25, 0.125, 0.125])
LOGITS = np.random.default_rng(0).normal(scale=3, size=(50, 4)).astype(np.float32)
LABELS = np.random.default_rng(1).integers(4, size=50)


def criterion(weights: np.ndarray = WEIGHTS, **changes: Any) -> Criterion:
    return Criterion(LossParameters(**LOSS | changes), weights, SHARES)


def torchs_cross_entropy(logits: torch.Tensor, **options: Any) -> float:
    return float(F.cross_entropy(logits.double(), torch.from_numpy(LABELS), **options))


def test_the_plain_loss_is_torchs_weighted_cross_entropy() -> None:
    expected = torchs_cross_entropy(torch.from_numpy(LOGITS), weight=torch.from_numpy(WEIGHTS))
    assert criterion().mean(LOGITS, LABELS) == pytest.approx(expected, rel=1e-5)


def test_label_smoothing_equals_torchs() -> None:
    expected = torchs_cross_entropy(torch.from_numpy(LOGITS), label_smoothing=0.2)
    assert criterion(np.ones(4), label_smoothing=0.2).mean(LOGITS, LABELS) == pytest.approx(expected, rel=1e-5)


def test_logit_adjustment_adds_the_logarithm_of_the_shares() -> None:
    adjusted = torch.from_numpy(LOGITS) + 0.5 * torch.from_numpy(SHARES).log()
    expected = torchs_cross_entropy(adjusted, weight=torch.from_numpy(WEIGHTS))
    assert criterion(logit_adjustment=0.5).mean(LOGITS, LABELS) == pytest.approx(expected, rel=1e-5)


def test_the_adjusted_loss_is_smallest_if_the_logits_balance_the_classes() -> None:
    # Three images of one kind, of which two are of class 0: without adjustment the best logits say 2 to 1, with it,
    # where class 0 is shown twice as often as class 1, they say that the image tells nothing.
    loss = Criterion(LossParameters(**LOSS | {"logit_adjustment": 1.0}), np.ones(2), np.array([2 / 3, 1 / 3]))
    logits = torch.zeros(1, 2, requires_grad=True)
    targets = F.one_hot(torch.tensor([0, 0, 1]), 2).float()
    (gradient,) = torch.autograd.grad(loss(logits.expand(3, 2), targets).sum(), logits)
    torch.testing.assert_close(gradient, torch.zeros(1, 2), rtol=0, atol=1e-6)


def test_the_focal_loss_at_a_probability_of_three_quarters_agrees_with_a_hand_calculation() -> None:
    logits = np.array([[math.log(3), 0.0]], dtype=np.float32)
    loss = Criterion(LossParameters(**LOSS | {"kind": "focal", "focal_gamma": 2.0}), np.ones(2), np.ones(2) / 2)
    assert loss.mean(logits, np.array([0])) == pytest.approx((1 / 4) ** 2 * math.log(4 / 3), rel=1e-5)
    assert loss.mean(logits, np.array([1])) == pytest.approx((3 / 4) ** 2 * math.log(4), rel=1e-5)


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0])
def test_the_focal_loss_has_a_finite_gradient_if_the_network_is_sure(gamma: float) -> None:
    loss = Criterion(LossParameters(**LOSS | {"kind": "focal", "focal_gamma": gamma}), np.ones(2), np.ones(2) / 2)
    logits = torch.tensor([[200.0, 0.0]], requires_grad=True)
    loss(logits, torch.tensor([[1.0, 0.0]])).sum().backward()
    assert logits.grad is not None
    assert logits.grad.isfinite().all()


def test_the_loss_of_a_mixed_target_is_the_mixture_of_the_losses() -> None:
    loss = criterion(np.ones(4))
    logits = torch.from_numpy(LOGITS[:1])
    of_class = [loss(logits, F.one_hot(torch.tensor([k]), 4).float()) for k in (1, 2)]
    mixed = loss(logits, torch.tensor([[0.0, 0.3, 0.7, 0.0]]))
    torch.testing.assert_close(mixed, 0.3 * of_class[0] + 0.7 * of_class[1])


def test_an_image_has_the_weight_of_its_class() -> None:
    targets = torch.tensor([[0.0, 0.0, 1.0, 0.0], [0.5, 0.5, 0.0, 0.0]])
    torch.testing.assert_close(criterion().weigh(targets), torch.tensor([3.0, 0.55]))
    torch.testing.assert_close(criterion(label_smoothing=0.4).weigh(targets), torch.tensor([3.0, 0.55]))


def test_the_best_prediction_for_a_smoothed_common_class_is_that_class() -> None:
    # Smoothed by 0.4 over 4 classes, the best answer is 0.7 for it and 0.1 for each other, whatever they weigh.
    logits = torch.tensor([[0.7, 0.1, 0.1, 0.1]]).log().requires_grad_()
    loss = criterion(label_smoothing=0.4)(logits, torch.tensor([[1.0, 0.0, 0.0, 0.0]]))
    (gradient,) = torch.autograd.grad(loss.sum(), logits)
    torch.testing.assert_close(gradient, torch.zeros(1, 4), rtol=0, atol=1e-7)
    assert loss.item() == pytest.approx(WEIGHTS[0] * -(0.7 * math.log(0.7) + 0.3 * math.log(0.1)))


def test_an_unused_or_missing_focal_gamma_is_refused() -> None:
    for kind, gamma in (("cross_entropy", 2.0), ("focal", None)):
        with pytest.raises(
            ValidationError, match=f"focal_gamma belongs to the kind focal; got kind {kind}, focal_gamma"
        ):
            LossParameters(**LOSS | {"kind": kind, "focal_gamma": gamma})
