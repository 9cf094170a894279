"""Small trainings that several processes share, and the same trainings of one process."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from lesions.hardware.exchange import join_processes
from lesions.hardware.processes import ALONE, LAUNCHER_VARIABLE, Processes, read_processes
from lesions.networks.classifier import Classifier
from lesions.training.batch_norm import join_batch_norm
from lesions.training.batches import share_batch
from lesions.training.resume import TrainingState, send_state
from tests.builders import PHASE, ROOT, small_cnn
from tests.server import find_free_port
from tests.training import EVERYTHING, coloured_images, labelled_rows, train

IMAGES, LABELS = coloured_images(52)
NUM_LEARNT = 22
"""Two batches of 11: shares of several processes are uneven."""

LONG = PHASE.model_copy(update={"num_epochs": 2})
LONGER = PHASE.model_copy(update={"num_epochs": 5})
SEEDS = ("seed_0", "seed_1", "seed_2")
FLOAT32 = EVERYTHING | {
    "precision": torch.float32,
    "batch_size": 11,
    "class_weights": [1.0, 2.0, 0.5, 1.0],
    "loss": EVERYTHING["loss"] | {"class_weights": True},
}
TRAININGS: dict[str, dict[str, Any]] = {
    "one_step": FLOAT32 | {"batch_size": NUM_LEARNT, "accumulation_steps": 1},
    "two_batches": FLOAT32,
    "deep_head": FLOAT32 | {"architecture": small_cnn(head_widths=(8,), head_batch_norm=True)},
    "two_epochs": FLOAT32 | {"accumulation_steps": 1, "architecture": small_cnn(phases=(LONG,), dropout=0.3)},
    "apart": FLOAT32 | {"architecture": small_cnn(phases=(LONG,)), "synchronise_batch_norm": False},
    **{
        name: FLOAT32 | {"accumulation_steps": 1, "architecture": small_cnn(phases=(LONGER,)), "seed": seed}
        for seed, name in enumerate(SEEDS)
    },
}
"""Trainings by name; the first three take one step, and only `two_epochs` has dropout."""

STATE = TrainingState({"network.weight": torch.tensor([1.5, -0.0])}, {"history": [{"epoch": 1}]})


def compute(name: str, processes: Processes = ALONE) -> tuple[dict[str, Tensor], list[dict[str, Any]]]:
    """Train a network; return its last gradients, its best weights, and its history."""
    networks: list[Classifier] = []
    options = {"architecture": small_cnn()} | TRAININGS[name]
    fitted = train(
        IMAGES,
        LABELS[:NUM_LEARNT],
        labelled_rows(np.arange(NUM_LEARNT, len(IMAGES)), LABELS[NUM_LEARNT:]),
        num_classes=4,
        change_network=networks.append,
        processes=processes,
        **options,
    )
    tensors = {f"weight.{key}": weight for key, weight in fitted.weights.items()}
    for key, weight in networks[0].named_parameters():
        assert weight.grad is not None
        tensors[f"gradient.{key}"] = weight.grad
    return {key: tensor.contiguous() for key, tensor in tensors.items()}, fitted.history


def normalise(processes: Processes = ALONE) -> dict[str, Tensor]:
    """Normalise this process's share of a batch in float64; return the output, its gradients and the statistics."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(11, 3, 4, 4, generator=generator, dtype=torch.float64) * 3 + 50
    gradient = torch.randn(11, 3, 4, 4, generator=generator, dtype=torch.float64)
    places = share_batch(11, processes)
    norm = torch.nn.BatchNorm2d(3, dtype=torch.float64)
    torch.nn.init.uniform_(norm.weight, 0.5, 2, generator=generator)
    share = images[places].requires_grad_()
    with join_batch_norm(processes, synchronised=True):
        output = norm(share)
    output.backward(gradient[places])
    assert share.grad is not None
    assert norm.weight.grad is not None
    assert norm.bias.grad is not None
    of_norm = {"of_weight": norm.weight.grad, "of_bias": norm.bias.grad}
    return {"output": output.detach(), "of_images": share.grad, **of_norm, **dict(norm.named_buffers())}


def run_together(number: int, folder: Path) -> None:
    """Compute all trainings in so many processes, each of which leaves its results in the folder."""
    shared = {
        LAUNCHER_VARIABLE: str(os.getpid()),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(find_free_port()),
        "WORLD_SIZE": str(number),
        "LOCAL_WORLD_SIZE": str(number),
    }
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.together", str(folder)],
            cwd=ROOT,
            env=os.environ | shared | {"RANK": str(rank), "LOCAL_RANK": str(rank)},
        )
        for rank in range(number)
    ]
    assert [process.wait() for process in started] == [0] * number


def read_results(folder: Path, name: str, rank: int) -> tuple[dict[str, Tensor], list[dict[str, Any]]]:
    """Read what a process left of a training."""
    stem = folder / f"{name}-{rank}"
    return load_file(f"{stem}.safetensors"), json.loads(Path(f"{stem}.json").read_text())


def main(folder: Path) -> None:
    """Compute all trainings together with other processes, and leave the results."""
    torch.set_num_threads(1)
    processes = read_processes()
    with join_processes(processes, {"code": 1}):
        for name in TRAININGS:
            tensors, history = compute(name, processes)
            save_file(tensors, folder / f"{name}-{processes.rank}.safetensors")
            (folder / f"{name}-{processes.rank}.json").write_text(json.dumps(history))
        save_file(normalise(processes), folder / f"batch_norm-{processes.rank}.safetensors")
        state = send_state(processes, STATE if processes.is_first else None)
        assert state is not None
        assert state.about == STATE.about
        assert torch.equal(state.tensors["network.weight"], STATE.tensors["network.weight"])
        assert send_state(processes, None) is None


if __name__ == "__main__":
    main(Path(sys.argv[1]))
