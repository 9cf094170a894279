"""What training did to the prior is undone: against Bayes' rule, and against a network that was trained so."""

import numpy as np
import pytest
import torch

from lesions.splitting.class_weights import ClassWeightParameters, compute_class_weights
from lesions.tables.classes import Classes
from lesions.training.loss import Criterion
from lesions.training.parameters import LossParameters, SamplingParameters
from lesions.training.prior_shift import compute_prior_shift
from lesions.training.sampling import Scheme, compute_shares
from tests.training import LOSS

COUNTS = (100, 700, 200)


def classes(scheme: str) -> Classes:
    weights = compute_class_weights(np.array(COUNTS), ClassWeightParameters(scheme=scheme, beta=None))  # type: ignore[arg-type]
    return Classes(("a", "b", "c"), (("a",), ("b",), ("c",)), COUNTS, tuple(weights))


def loss(adjustment: float) -> LossParameters:
    return LossParameters(**LOSS | {"logit_adjustment": adjustment})


@pytest.mark.parametrize(
    ("weights", "sampling", "adjustment", "factor"),
    [
        ("none", "shuffled", 0, 0),
        ("balanced", "shuffled", 0, 1),
        ("sqrt", "shuffled", 0, 0.5),
        ("none", "shuffled", 1, 1),
        ("none", "shuffled", 0.5, 0.5),
        ("balanced", "shuffled", 1, 2),
        ("none", "class_balanced", 0, 1),
        ("none", "square_root", 0, 0.5),
        ("none", "square_root", 1, 1),
        ("sqrt", "square_root", 0, 1),
    ],
)
def test_the_shift_is_a_multiple_of_the_log_prior(
    weights: str, sampling: Scheme, adjustment: float, factor: float
) -> None:
    log_prior = np.log([0.1, 0.7, 0.2])
    shift = compute_prior_shift(classes(weights), loss(adjustment), SamplingParameters(scheme=sampling))
    np.testing.assert_allclose(shift, factor * (log_prior - log_prior.mean()), atol=1e-12)


def test_a_loss_without_class_weights_shifts_nothing() -> None:
    unweighted = LossParameters(**LOSS | {"class_weights": False})
    shift = compute_prior_shift(classes("balanced"), unweighted, SamplingParameters(scheme="shuffled"))
    np.testing.assert_allclose(shift, 0, atol=1e-12)


@pytest.mark.parametrize("sampling", ["shuffled", "square_root"])
def test_logits_that_minimise_the_loss_have_the_prior_of_training_after_the_shift(sampling: Scheme) -> None:
    """Images that look all alike: the best probability of a class is its share of the training images."""
    known, parameters = classes("sqrt"), loss(0.3)
    shares = compute_shares(COUNTS, sampling)
    criterion = Criterion(parameters, np.array(known.weights), shares)
    shown = torch.tensor(shares, dtype=torch.float32)
    logits = torch.zeros(3, requires_grad=True)
    optimiser = torch.optim.LBFGS([logits], max_iter=200)

    def mean_loss() -> torch.Tensor:
        optimiser.zero_grad()
        mean = (criterion(logits.expand(3, 3), torch.eye(3)) * shown).sum()
        mean.backward()
        return mean

    optimiser.step(mean_loss)
    shift = compute_prior_shift(known, parameters, SamplingParameters(scheme=sampling))
    stated = torch.softmax(logits.detach() + torch.tensor(shift), dim=0).numpy()
    np.testing.assert_allclose(stated, [0.1, 0.7, 0.2], atol=1e-3)
