"""The loop that pretrains a backbone without labels."""

from dataclasses import dataclass
from math import isfinite

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lesions.errors import InputError
from lesions.hardware.device import (
    advise_on_determinism,
    choose_precision,
    identify_hardware,
    name_precision,
    set_up_device,
)
from lesions.images.shards import Images
from lesions.networks.architecture import check_enough_pixels
from lesions.networks.preprocessing import build_preprocessing
from lesions.networks.source import open_source
from lesions.parameters.hardware import HardwareParameters
from lesions.stage.progress import TrainingLine
from lesions.training.byol import PretrainingStep, SelfLearner
from lesions.training.epoch import STEPS_BETWEEN_READS
from lesions.training.pretraining_recipe import PretrainingRecipe
from lesions.training.resume import ResumeFile, TrainingState, pack_optimizer, unpack_optimizer
from lesions.training.schedule import compute_cosine_rate
from lesions.training.views import TwoViews

WARMUP_FRACTION = 0.1
"""Fraction of all steps over which the learning rate rises, before it falls as a cosine."""

PRETRAINED = "pretrained"
"""The key in the state under which the epochs are kept: not that of a training, whose epochs a search follows."""

Entry = dict[str, float]
"""An epoch of the history: epoch, loss, projection_std, and learning_rate at its first step."""


@dataclass(frozen=True)
class Pretraining:
    """All that a pretraining works with.

    Attributes
    ----------
    learner, views
        What learns, and from what.
    num_epochs
        Number of epochs.
    computed_on
        What decides the bits of the weights beside recipe, data and code.
    """

    learner: SelfLearner
    views: TwoViews
    num_epochs: int
    computed_on: list[object]


def set_up_pretraining(
    model: str,
    recipe: PretrainingRecipe,
    images: Images,
    rows: NDArray[np.int64],
    hardware: HardwareParameters,
) -> Pretraining:
    """Build what pretrains a backbone, and print on what device, in what precision, and on how many images it learns.

    Parameters
    ----------
    images : (M, H, W, 3)
        The image cache.
    rows : (N,)
        Its rows to learn from: those of training images.

    Raises
    ------
    InputError
        If the device is not there, if the cached images are too small, or if the backbone cannot be built.
    """
    device = set_up_device(
        hardware.device,
        num_threads=hardware.num_threads,
        deterministic=hardware.deterministic,
        numerics=hardware.numerics,
    )
    precision = choose_precision(recipe.precision, device, hardware.numerics)
    check_enough_pixels(model, recipe.architecture, images.shape[1])
    print(
        f"pretraining {model} on {device} in {name_precision(precision)}, on {len(rows):,} training images",
        flush=True,
    )
    seed = recipe.pretraining.seed
    return Pretraining(
        learner=SelfLearner(recipe.architecture, seed=seed, device=device, precision=precision),
        views=TwoViews(
            open_source(images, device),
            rows,
            preprocessing=build_preprocessing(recipe.architecture),
            device=device,
            batch_size=recipe.pretraining.batch_size,
            seed=seed,
        ),
        num_epochs=recipe.pretraining.num_epochs,
        computed_on=[
            *identify_hardware(device, hardware.numerics),
            str(precision),
            hardware.num_threads,
            hardware.numerics,
            hardware.deterministic,
        ],
    )


def pretrain_backbone(pretraining: Pretraining, resume: ResumeFile) -> tuple[dict[str, Tensor], list[Entry]]:
    """Pretrain a backbone; return its weights after the last epoch, on the CPU, and the history.

    No epoch is chosen: the loss of a network that has collapsed is the lowest, and validation images stay unseen.
    After each epoch the state is written to `resume`; if a state is there already, pretraining resumes from it, with
    bitwise the same result.

    Raises
    ------
    InputError
        If the loss is not a number, or if a batch does not fit into the device's memory.
    """
    learner, views, num_epochs = pretraining.learner, pretraining.views, pretraining.num_epochs
    history: list[Entry] = []
    if state := resume.read(lambda state: check_state(state, learner, num_epochs)):
        history = restore_state(state, learner)
    with TrainingLine(num_epochs, views.num_batches * views.batch_size) as line:
        for epoch in range(len(history) + 1, num_epochs + 1):
            line.begin_epoch(epoch)
            entry = run_epoch(pretraining, epoch, line)
            history.append(entry)
            resume.write(save_state(learner, history))
            print(
                f"epoch {epoch:3d}: loss {entry['loss']:.4f}, standard deviation of projections "
                f"{entry['projection_std']:.2f} (1: all directions, 0: collapsed)",
                flush=True,
            )
    weights = {name: tensor.cpu().clone() for name, tensor in learner.network.backbone.state_dict().items()}
    return weights, history


def run_epoch(pretraining: Pretraining, epoch: int, line: TrainingLine) -> Entry:
    """Take the steps of an epoch, counted from 1, and return its entry in the history."""
    learner, views = pretraining.learner, pretraining.views
    num_steps = views.num_batches
    first, total = (epoch - 1) * num_steps, pretraining.num_epochs * num_steps
    rates = [compute_cosine_rate(first + index, total, WARMUP_FRACTION) for index in range(num_steps)]
    steps: list[PretrainingStep] = []
    try:
        for index, batch in enumerate(views.epoch(epoch)):
            with advise_on_determinism():
                steps.append(learner.take_step(batch, rate=rates[index], number=first + index))
            if len(steps) % STEPS_BETWEEN_READS == 0 or len(steps) == num_steps:
                num_unread = (len(steps) - 1) % STEPS_BETWEEN_READS + 1
                line.advance(num_unread * views.batch_size, float(steps[-1].loss))
    except torch.OutOfMemoryError as error:
        raise InputError(
            f"a batch of two views of {views.batch_size} images does not fit into the memory of the device; lower "
            "pretraining.batch_size"
        ) from error
    entry: Entry = {
        "epoch": epoch,
        "loss": float(torch.stack([step.loss for step in steps]).mean()),
        "projection_std": float(torch.stack([step.projection_std for step in steps]).mean()),
        "learning_rate": learner.optimizer.param_groups[0]["peak"] * rates[0],
    }
    if not isfinite(entry["loss"]):
        raise InputError(f"epoch {epoch}: the pretraining loss is {entry['loss']}; lower pretraining.learning_rate")
    return entry


def save_state(learner: SelfLearner, history: list[Entry]) -> TrainingState:
    """Return everything that is needed to resume from here."""
    tensors = {
        f"{kind}.{name}": tensor
        for kind, network in learner.networks.items()
        for name, tensor in network.state_dict().items()
    }
    return TrainingState(tensors | pack_optimizer(learner.optimizer), {PRETRAINED: history})


def check_state(state: TrainingState, learner: SelfLearner, num_epochs: int) -> None:
    """Raise KeyError, TypeError or ValueError if `restore_state` cannot use a state or it is past `num_epochs`."""
    epochs = [entry["epoch"] for entry in state.about[PRETRAINED]]
    if not 1 <= len(epochs) <= num_epochs or epochs != [*range(1, len(epochs) + 1)]:
        raise ValueError(f"it has the epochs {epochs}, expected 1 to {num_epochs} at most")
    for kind, network in learner.networks.items():
        state.check_weights(kind, network)


def restore_state(state: TrainingState, learner: SelfLearner) -> list[Entry]:
    """Restore what `save_state` returned, and return the history."""
    for kind, network in learner.networks.items():
        network.load_state_dict(state.select(kind))
    unpack_optimizer(learner.optimizer, state.select("optimizer"))
    history: list[Entry] = state.about[PRETRAINED]
    print(f"resuming after epoch {len(history)}, the last finished epoch", flush=True)
    return history
