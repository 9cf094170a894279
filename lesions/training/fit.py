"""The training loop."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate
from math import ceil
from typing import Any

import numpy as np
import torch
from torch import nn

from lesions.errors import InputError
from lesions.hardware.device import advise_on_determinism
from lesions.hardware.exchange import send_json
from lesions.hardware.processes import Processes
from lesions.stage.progress import TrainingLine
from lesions.tracking.epochs import OnEpoch
from lesions.training.batches import AugmentedBatches
from lesions.training.epoch import Scores, train_epoch
from lesions.training.history import FittedNetwork, History
from lesions.training.learner import Learner, LearningPhase, find_fitting_batch_size
from lesions.training.parameters import ScheduleParameters, TrainingParameters
from lesions.training.resume import ResumeFile, send_state, unpack_optimizer
from lesions.training.schedule import compute_rates


def fit_network(
    learner: Learner,
    batches: AugmentedBatches,
    validate: Callable[[nn.Module], Scores],
    *,
    schedule: ScheduleParameters,
    training: TrainingParameters,
    resume: ResumeFile | None = None,
    on_epoch: OnEpoch = lambda _: None,
) -> FittedNetwork:
    """Train a network through the phases of its architecture, and keep the weights of the best epoch.

    The best epoch is the one with the best validation score. Training stops early once the monitored metric has not
    improved for `patience_epochs` epochs of the last phase. After each epoch the state is written to `resume`; if a
    state is there already, training resumes from it, with bitwise the same result. Of several processes, the first
    alone has a `resume`, and sends the others what it reads.

    Parameters
    ----------
    learner
        Trained in place; ends with the last step's weights.
    validate
        Scores a network on the validation images.
    on_epoch
        Called with each epoch's entry in the history; after a resumption also with the earlier entries.

    Raises
    ------
    InputError
        If the loss diverges, or if a batch does not fit into the device's memory.
    """
    history = History(training.monitored_score)
    phases, processes = learner.architecture.phases, learner.processes
    *first_epochs, after_last = accumulate((phase.num_epochs for phase in phases), initial=1)
    state = resume.read(lambda state: history.check(state, learner.networks, after_last - 1)) if resume else None
    state = send_state(processes, state)
    if state:
        history.restore(state, learner.networks)
    learner.send_weights()
    for entry in history.entries:
        on_epoch(entry)
    loop = Loop(learner=learner, batches=batches, validate=validate, schedule=schedule, training=training)
    if processes.is_first and (left_out := loop.describe_left_out()):
        print(left_out, flush=True)
    images_per_epoch = loop.num_steps * loop.accumulation_steps * batches.batch_size
    with TrainingLine(after_last - 1, images_per_epoch, hidden=not processes.is_first) as line:
        for phase, first_epoch in zip(phases, first_epochs, strict=True):
            learning = LearningPhase(learner, phase)
            if state and first_epoch <= history.num_epochs < first_epoch + phase.num_epochs - 1:
                unpack_optimizer(learning.optimizer, state.select("optimizer"))
            while history.num_epochs < first_epoch + phase.num_epochs - 1:
                if phase is phases[-1] and loop.is_out_of_patience(history, first_epoch):
                    return history.outcome
                entry = loop.run_epoch(learning, history, first_epoch, line)
                history.add(entry, learner.best_network)
                if resume:
                    resume.write(history.save(learner.networks, learning.optimizer))
                print(_describe_epoch(entry), flush=True)
                line.show_metric(training.monitor, entry["val"][training.monitored_score])
                on_epoch(entry)
    return history.outcome


@dataclass(frozen=True, kw_only=True)
class Loop:
    """The settings that all epochs of a training share."""

    learner: Learner
    batches: AugmentedBatches
    validate: Callable[[nn.Module], Scores]
    schedule: ScheduleParameters
    training: TrainingParameters

    @property
    def accumulation_steps(self) -> int:
        """Number of batches per step."""
        return min(self.training.accumulation_steps, self.batches.num_batches)

    @property
    def num_steps(self) -> int:
        """Number of steps per epoch."""
        return self.batches.num_batches // self.accumulation_steps

    def describe_left_out(self) -> str:
        """Say what becomes of an epoch's batches that do not fill a step; empty if there are none."""
        wanted, num_batches = self.training.accumulation_steps, self.batches.num_batches
        if wanted > num_batches:
            return f"training.accumulation_steps is {wanted}, and the {num_batches} batches of an epoch make one step"
        num_left = num_batches - self.num_steps * wanted
        if not num_left:
            return ""
        return (
            f"each epoch leaves out {num_left * self.batches.batch_size:,} images, others each time: {num_left} of "
            f"its {num_batches} batches do not fill a step of training.accumulation_steps {wanted}"
        )

    def is_out_of_patience(self, history: History, first_epoch: int) -> bool:
        """Return whether to stop early, and print it; the last phase began with `first_epoch`."""
        # Only the last phase counts, as for a plateau: the earlier phases prepare it and always run in full.
        qualities = history.qualities[first_epoch - 1 :]
        patience = self.training.patience_epochs
        if not qualities or len(qualities) - 1 - int(np.argmax(qualities)) < patience:
            return False
        print(f"stopped early: {self.training.monitor} has not improved for {patience} epochs", flush=True)
        return True

    def run_epoch(
        self, learning: LearningPhase, history: History, first_epoch: int, line: TrainingLine
    ) -> dict[str, Any]:
        """Train and validate one epoch of a phase that began with `first_epoch`; return its entry in the history."""
        epoch = history.num_epochs + 1
        rates = compute_rates(
            self.schedule,
            epoch - first_epoch,
            num_epochs=learning.phase.num_epochs,
            num_steps=self.num_steps,
            qualities=history.qualities[first_epoch - 1 :],
        )
        line.begin_epoch(epoch)
        train = self._train_epoch(learning, rates, line, epoch=epoch)
        self.learner.average_statistics()
        val = self.validate(self.learner.best_network)
        if not np.isfinite(val["loss"]):
            raise InputError(
                f"epoch {epoch}: the validation loss is {val['loss']}; lower the architecture's learning_rate"
            )
        entry = {
            "epoch": epoch,
            "phase": learning.phase.name,
            "learning_rates": learning.list_learning_rates(rates[0]),
            "train": train,
            "val": val,
        }
        # What is decided by the scores must be decided alike, and another processor may sum them otherwise.
        decided: dict[str, Any] = send_json(self.learner.processes, entry)
        return decided

    def _train_epoch(self, learning: LearningPhase, rates: list[float], line: TrainingLine, *, epoch: int) -> Scores:
        """Train on an epoch's batches; if a batch does not fit into memory, raise InputError with one that does."""
        learning.set_train_mode()
        try:
            with advise_on_determinism():
                return train_epoch(
                    learning,
                    self.batches.epoch(epoch),
                    rates,
                    show=line.advance,
                    epoch=epoch,
                    num_classes=self.batches.num_classes,
                    accumulation_steps=self.accumulation_steps,
                )
        except torch.OutOfMemoryError:
            pass
        # Not inside the except block: there the exception would still keep the tensors alive.
        if not self.learner.processes.is_alone:
            raise InputError(_describe_full_memory(epoch, self.batches.batch_size, self.learner.processes))
        fitting = find_fitting_batch_size(self.learner, learning.phase, self.batches)
        images_per_step = self.batches.batch_size * self.accumulation_steps
        advice = (
            f"batches of {fitting} fit (this was tried): set training.batch_size to {fitting}, and "
            f"training.accumulation_steps to {ceil(images_per_step / fitting)}, which keeps the number of images "
            "per step about the same"
            if fitting
            else "a batch of 2 does not fit either: lower the architecture's size_px, or choose a smaller network"
        )
        raise InputError(
            f"epoch {epoch}: a batch of {self.batches.batch_size} images does not fit into the memory of the device; "
            f"{advice}"
        )


def _describe_full_memory(epoch: int, batch_size: int, processes: Processes) -> str:
    """Say that a share does not fit; a smaller batch cannot be tried, as the other processes may have room."""
    return (
        f"epoch {epoch}: the share of process {processes.rank} of {processes.number} in a batch of {batch_size} "
        "images does not fit into the memory of its device; halve training.batch_size and double "
        "training.accumulation_steps, which keeps the number of images per step"
    )


def _describe_epoch(entry: dict[str, Any]) -> str:
    train, val = entry["train"], entry["val"]
    return (
        f"epoch {entry['epoch']:3d} ({entry['phase']}): loss {train['loss']:.3f} train, {val['loss']:.3f} val; "
        f"balanced accuracy {train['balanced_accuracy']:.3f} train, {val['balanced_accuracy']:.3f} val"
    )
