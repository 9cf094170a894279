"""The training loop."""

from collections.abc import Callable
from math import ceil
from typing import Any

import numpy as np
import torch
from torch import nn

from lesions.errors import InputError
from lesions.networks.parameters import PhaseParameters
from lesions.stage.progress import TrainingLine
from lesions.tracking.dvclive import Track
from lesions.training.batches import AugmentedBatches
from lesions.training.epoch import Scores, train_epoch
from lesions.training.history import FittedNetwork, Progress
from lesions.training.learner import Learner, find_fitting_batch_size
from lesions.training.parameters import ScheduleParameters, TrainingParameters
from lesions.training.resume import ResumeFile, unpack_optimizer
from lesions.training.schedule import compute_rates


def fit(
    learner: Learner,
    batches: AugmentedBatches,
    validate: Callable[[nn.Module], Scores],
    phases: tuple[PhaseParameters, ...],
    *,
    schedule: ScheduleParameters,
    recipe: TrainingParameters,
    resume: ResumeFile | None = None,
    track: Track = lambda _: None,
) -> FittedNetwork:
    """Train a network through its phases; keep the epoch that validates best.

    Training stops early once the monitored metric has not improved for `patience_epochs` epochs of the last phase.
    After each epoch the state is written to `resume`; from a state that is there, training goes on to the same bits.

    Parameters
    ----------
    learner
        Changed in place; ends with the last step's weights.
    validate
        Scores a network on the validation images.
    track
        Is told of each epoch's entry in the history, of those before a stop too.

    Raises
    ------
    InputError
        If the loss explodes, or a batch does not fit into the device's memory.
    """
    progress = Progress(recipe.monitor)
    state = resume.read() if resume else None
    if state:
        progress.restore(state, learner.networks)
    for entry in progress.history:
        track(entry)
    accumulation_steps = min(recipe.accumulation_steps, batches.num_batches)
    num_steps = batches.num_batches // accumulation_steps
    num_epochs = sum(phase.num_epochs for phase in phases)
    with TrainingLine(num_epochs, num_steps * accumulation_steps * batches.batch_size) as line:
        first_epoch = 1
        for phase in phases:
            learner.begin_phase(phase)
            after_phase = first_epoch + phase.num_epochs
            if state and first_epoch <= progress.epoch < after_phase - 1:
                unpack_optimizer(learner.optimizer, state.select("optimizer"))
            for epoch in range(max(first_epoch, progress.epoch + 1), after_phase):
                # The phases before the last prepare it, and are there to be gone through.
                best_epoch = max(progress.best_epoch, first_epoch - 1)
                if phase is phases[-1] and progress.epoch - best_epoch >= recipe.patience_epochs:
                    print(f"stopped early: no better {recipe.monitor} in {recipe.patience_epochs} epochs", flush=True)
                    return progress.outcome
                rates = compute_rates(
                    schedule,
                    epoch - first_epoch,
                    num_epochs=phase.num_epochs,
                    num_steps=num_steps,
                    qualities=progress.qualities[first_epoch - 1 :],
                )
                line.begin_epoch(epoch)
                train = _train_epoch(
                    learner, batches, rates, line, epoch=epoch, recipe=recipe, accumulation_steps=accumulation_steps
                )
                val = validate(learner.best_network)
                _check_finite(val["loss"], epoch)
                entry = {
                    "epoch": epoch,
                    "phase": phase.name,
                    "learning_rates": learner.list_learning_rates(rates[0]),
                    "train": train,
                    "val": val,
                }
                progress.add(entry, learner.best_network)
                if resume:
                    resume.write(progress.save(learner.networks, learner.optimizer))
                print(_describe(entry), flush=True)
                line.show_metric(recipe.monitor, val[recipe.monitor])
                track(entry)
            first_epoch = after_phase
    return progress.outcome


def _train_epoch(
    learner: Learner,
    batches: AugmentedBatches,
    rates: list[float],
    line: TrainingLine,
    *,
    epoch: int,
    recipe: TrainingParameters,
    accumulation_steps: int,
) -> Scores:
    """Train on an epoch's batches; say which batch would fit where one does not."""
    learner.set_train_mode()
    try:
        return train_epoch(
            learner,
            batches.epoch(epoch),
            rates,
            line.advance,
            epoch=epoch,
            num_classes=batches.num_classes,
            accumulation_steps=accumulation_steps,
        )
    except torch.OutOfMemoryError:
        pass
    except RuntimeError as error:
        if "deterministic" not in str(error):
            raise
        raise InputError(f"{error}. Of ours, training.deterministic: false does without") from error
    # Only here are the tensors freed that the exception kept alive.
    fitting = find_fitting_batch_size(learner, batches)
    images_a_step = batches.batch_size * accumulation_steps
    advice = (
        f"{fitting} do, as was tried: set training.batch_size to {fitting}, and training.accumulation_steps to "
        f"{ceil(images_a_step / fitting)} for steps of about as many images as now"
        if fitting
        else "nor do 2: lower the architecture's size_px, or choose a smaller network"
    )
    raise InputError(
        f"epoch {epoch}: {batches.batch_size} images at once do not fit into the memory of the device; {advice}"
    )


def _check_finite(loss: float, epoch: int) -> None:
    if not np.isfinite(loss):
        raise InputError(f"epoch {epoch}: the validation loss is {loss}; lower the architecture's learning_rate")


def _describe(entry: dict[str, Any]) -> str:
    train, val = entry["train"], entry["val"]
    return (
        f"epoch {entry['epoch']:3d} ({entry['phase']}): loss {train['loss']:.3f} train, {val['loss']:.3f} val; "
        f"balanced accuracy {train['balanced_accuracy']:.3f} train, {val['balanced_accuracy']:.3f} val"
    )
