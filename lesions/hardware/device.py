"""Choosing the device and the precision that a network is computed at."""

import os
from functools import cache
from typing import TypeVar

import torch
from torch import Tensor, nn

from lesions.errors import InputError
from lesions.hardware.allocator import keep_freed_memory
from lesions.hardware.parameters import DeviceChoice, Execution, ExecutionChoice, PrecisionChoice

AnyNetwork = TypeVar("AnyNetwork", bound=nn.Module)


def set_up_device(choice: DeviceChoice, *, num_threads: int, deterministic: bool = True) -> torch.device:
    """Make torch repeat its results to the bit, and return the device asked for, or the best there is.

    On MPS the gradient of max pooling is not deterministic; torch warns of it there.

    Parameters
    ----------
    num_threads
        Of the CPU; sums are split among them, so that their number is part of what makes results repeat.
    deterministic
        False lets CUDA use sums in any order, and try which convolution is fastest; results then do not repeat.

    Raises
    ------
    InputError
        If the device asked for is not there.
    """
    device = choose_device(choice)
    # cuBLAS reads this when CUDA starts; without it, deterministic mode refuses to multiply matrices.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(mode=deterministic, warn_only=device.type == "mps")
    torch.backends.cudnn.benchmark = not deterministic
    # No operation here reads memory that it has not written.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    # float32 means float32: TF32 would round convolutions to 10 bits.
    torch.backends.cudnn.allow_tf32 = False
    torch.set_num_threads(num_threads)
    keep_freed_memory()
    return device


def choose_device(choice: DeviceChoice) -> torch.device:
    """Return the device asked for, or the best there is; one that is not there raises InputError."""
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if choice == "auto":
        return torch.device(next(name for name in there if there[name]))
    if not there[choice]:
        found = ", ".join(name for name in there if there[name])
        raise InputError(f"training.device is {choice}, which torch does not find here; it finds {found}")
    return torch.device(choice)


def name_hardware(device: torch.device) -> str:
    """Name the hardware, as far as the bits of a result depend on it."""
    if device.type == "cuda":
        return f"{torch.cuda.get_device_name(device)}, cuDNN {torch.backends.cudnn.version()}"
    return f"{device.type} {torch.backends.cpu.get_cpu_capability()}"


def choose_memory_format(device: torch.device) -> torch.memory_format:
    """Return the order of an image batch's numbers in memory that the device convolves fastest."""
    return torch.contiguous_format if device.type == "mps" else torch.channels_last


def place_network(network: AnyNetwork, device: torch.device) -> AnyNetwork:
    """Move a network to a device, its weights in the order in memory that the device convolves fastest."""
    return network.to(device).to(memory_format=choose_memory_format(device))


def choose_precision(choice: PrecisionChoice, device: torch.device) -> torch.dtype:
    """Return the precision asked for, or bfloat16 where the device computes faster with it.

    Raises
    ------
    InputError
        If bfloat16 is asked for where the device does not compute with it.
    """
    gains = _computes_bfloat16(device)
    if choice == "bfloat16" and not gains:
        raise InputError(
            f"training.precision is bfloat16, which this {device.type} does not compute with (it needs CUDA with "
            "compute capability 8.0, or a CPU with AVX512-BF16 or AMX); use auto or float32"
        )
    return torch.bfloat16 if choice != "float32" and gains else torch.float32


def _computes_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    capabilities = torch.cpu.get_capabilities()
    return device.type == "cpu" and bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


def choose_execution(choice: ExecutionChoice, device: torch.device) -> Execution:
    """Return how a training step is run: as asked, or the fastest that needs no compilation.

    Raises
    ------
    InputError
        If a graph or a compilation is asked for where there is no CUDA.
    """
    if choice == "auto":
        return "graph" if device.type == "cuda" else "eager"
    if choice != "eager" and device.type != "cuda":
        raise InputError(
            f"training.execution is {choice}, which needs CUDA, and training is on {device.type}: torch records no "
            "graphs there, and compiled networks were slower; use auto"
        )
    return choice


@cache
def place_numbers(numbers: tuple[float, ...] | tuple[tuple[float, ...], ...], device: torch.device) -> Tensor:
    """Return constants as a float32 tensor on a device, copied there once: a GPU would wait for each copy."""
    with torch.inference_mode(mode=False):
        return torch.tensor(numbers, dtype=torch.float32, device=device)
