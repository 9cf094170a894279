"""What the processes that train one network exchange; a process that is alone exchanges nothing."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import torch
from torch import Tensor
from torch import distributed as dist
from torch.distributed.rendezvous import rendezvous

from lesions.errors import InputError
from lesions.hardware.processes import LostProcessError, Processes

SILENCE = timedelta(minutes=30)
"""How long a process waits for what another is to send, before it gives up."""

PATIENCE = timedelta(days=365)
"""How long the others wait until the first process holds the lock of its training, which another run may have."""


@contextmanager
def join_processes(processes: Processes, training: Mapping[str, Any]) -> Iterator[None]:
    """Connect the processes; the first does so only once it may train, and the others wait for it.

    Tensors on the CPU are exchanged by gloo, those on CUDA by NCCL.

    Parameters
    ----------
    training
        Everything that decides the weights, by name, as JSON has it.

    Raises
    ------
    InputError
        If this process would train something else than the first, on another host.
    """
    if processes.is_alone:
        yield
        return
    with _noticing_loss():
        store, rank, number = next(rendezvous("env://", timeout=SILENCE))
        if processes.is_first:
            store.set("ready", "1")
        else:
            store.wait(["ready"], PATIENCE)
        backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
        dist.init_process_group(backend, store=store, rank=rank, world_size=number, timeout=SILENCE)
    expected, own = send_json(processes, training), json.loads(json.dumps(training))
    if others := [name for name in expected if own[name] != expected[name]]:
        raise InputError(
            f"process {processes.rank} of {processes.number} would not train what the first one does: it has other "
            f"{', '.join(others)}; all hosts need the same commit, parameters, data, versions and hardware"
        )
    yield
    dist.destroy_process_group()


def add_up(processes: Processes, tensors: Sequence[Tensor]) -> None:
    """Replace tensors, all on one device, by their sums over the processes.

    They are exchanged as one row of numbers, whose order never changes, and with it that of the sums.
    `DistributedDataParallel` regroups the gradients after its first step, so that a training of three processes or
    more would not resume with the same bits.
    """
    if processes.is_alone:
        return
    row = torch.cat([tensor.flatten() for tensor in tensors])
    with _noticing_loss():
        dist.all_reduce(row)
    for tensor, sums in zip(tensors, row.split([tensor.numel() for tensor in tensors]), strict=True):
        tensor.copy_(sums.view_as(tensor))


def send_tensors(processes: Processes, tensors: Sequence[Tensor]) -> None:
    """Replace the tensors of the other processes by those of the first."""
    if processes.is_alone:
        return
    for tensor in tensors:
        sent = tensor.detach().contiguous()
        with _noticing_loss():
            dist.broadcast(sent, src=0)
        tensor.detach().copy_(sent)


def send_bytes(processes: Processes, data: bytes) -> bytes:
    """Return the bytes of the first process; those of the others count for nothing."""
    if processes.is_alone:
        return data
    size = torch.tensor([len(data)])
    send_tensors(processes, [size])
    row = torch.empty(int(size), dtype=torch.uint8)
    if processes.is_first:
        row.copy_(torch.frombuffer(bytearray(data), dtype=torch.uint8))
    send_tensors(processes, [row])
    return row.numpy().tobytes()


def send_json(processes: Processes, content: Any) -> Any:
    """Return what JSON makes of the content of the first process; the content itself if it is alone."""
    return content if processes.is_alone else json.loads(send_bytes(processes, json.dumps(content).encode()))


@contextmanager
def _noticing_loss() -> Iterator[None]:
    """Turn the errors of an exchange, which are about sockets, into the only reason there is for them."""
    try:
        yield
    except RuntimeError as error:
        raise LostProcessError(" ".join(str(error).split())) from error
