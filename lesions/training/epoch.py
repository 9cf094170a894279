"""Running, checking and scoring the steps of one epoch."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from math import inf

import torch

from lesions.errors import InputError
from lesions.evaluation.scores import score_labels
from lesions.training.batches import Batch
from lesions.training.learner import LearningPhase
from lesions.training.step import Step

Scores = dict[str, float]
"""Scores by name: loss, accuracy, balanced_accuracy, macro_f1, weighted_f1; for training also gradient_norm."""

MAX_LOSS = 1000.0
"""A larger loss means that training has diverged: predicting all classes as equally likely costs only log K."""

NUM_WORST = 5
"""Number of images named in the message about a diverged loss."""

STEPS_BETWEEN_READS = 20
"""Number of steps between two reads of the losses on a GPU, which waits at each read; the CPU reads every step."""


def train_epoch(
    learning: LearningPhase,
    batches: Iterator[Batch],
    rates: Sequence[float],
    *,
    show: Callable[[int, float], None],
    epoch: int,
    num_classes: int,
    accumulation_steps: int,
) -> Scores:
    """Take the steps of an epoch and score them.

    Parameters
    ----------
    rates
        The learning rate of each step, as a fraction of the peak rates.
    show
        Called with the number of images since the last call and the loss of the last step.
    epoch
        Counted from 1.

    Returns
    -------
    The scores of all steps; `gradient_norm` is the mean over the steps, before clipping.

    Raises
    ------
    InputError
        If a loss is not a number or is above `MAX_LOSS`, or if a gradient is not finite.
    """
    steps: list[Step] = []
    num_read = 0
    first_step = (epoch - 1) * len(rates)
    for rate in rates:
        together = islice(batches, accumulation_steps)
        steps.append(learning.take_step(together, rate=rate, number=first_step + len(steps)))
        unread = steps[num_read:]
        if unread[0].losses.is_cpu or len(unread) == STEPS_BETWEEN_READS or len(steps) == len(rates):
            show(*read_steps(unread, epoch=epoch, first=num_read))
            num_read = len(steps)
    return score_steps(steps, num_classes)


def read_steps(steps: Sequence[Step], *, epoch: int, first: int) -> tuple[int, float]:
    """Check the loss and the gradient of each step; return the number of images and the last loss."""
    losses = torch.stack([step.loss for step in steps]).tolist()
    norms = torch.stack([step.gradient_norm for step in steps]).tolist()
    for number, (step, loss, norm) in enumerate(zip(steps, losses, norms, strict=True), start=first):
        # Any comparison with NaN is false, so NaN is refused too.
        if not (loss <= MAX_LOSS and norm < inf):
            raise InputError(
                f"epoch {epoch}, step {number + 1}: the training loss is {loss:g} and the gradient's norm {norm:g}; "
                f"{describe_worst(step)}. Look at the images, or lower the architecture's learning_rate or "
                "optimizer.max_gradient_norm"
            )
    return sum(len(step.losses) for step in steps), losses[-1]


def describe_worst(step: Step) -> str:
    """Name the images with the largest losses; NaN counts as the largest."""
    losses = (step.losses / step.weights).nan_to_num(nan=inf, posinf=inf)
    if losses.isinf().all():
        return f"so is the loss of each of its {len(losses)} images, so the weights are to blame"
    worst = losses.argsort(descending=True, stable=True)[:NUM_WORST].tolist()
    return "the largest losses have " + ", ".join(f"{step.image_ids[index]} ({losses[index]:g})" for index in worst)


def score_steps(steps: Sequence[Step], num_classes: int) -> Scores:
    """Score the outputs for all batches; each output was computed before the network learnt from its batch."""
    losses, weights, truths, guesses = (
        torch.cat([getattr(step, name) for step in steps]) for name in ("losses", "weights", "truths", "guesses")
    )
    labels = score_labels(truths.cpu().numpy(), guesses.cpu().numpy(), num_classes)
    norm = torch.stack([step.gradient_norm for step in steps]).mean()
    return {"loss": float(losses.sum() / weights.sum()), "gradient_norm": float(norm), **labels}
