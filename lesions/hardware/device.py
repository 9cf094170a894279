"""Choosing the device on which a network is computed, and its precision."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from lesions.errors import InputError
from lesions.hardware.allocator import keep_freed_memory
from lesions.hardware.choices import DeviceChoice, Execution, ExecutionChoice, Numerics, PrecisionChoice
from lesions.hardware.numerics import PORTABLE, PORTABLE_CAPABILITY, is_portable
from lesions.hardware.processes import ALONE, Processes
from lesions.hardware.processors import name_processor

Precision = torch.dtype

AnyNetwork = TypeVar("AnyNetwork", bound=nn.Module)


def set_up_device(
    choice: DeviceChoice,
    *,
    num_threads: int,
    deterministic: bool = True,
    numerics: Numerics = "native",
    processes: Processes = ALONE,
) -> torch.device:
    """Make torch's results repeatable to the bit, and return the wanted device, or the best available one.

    On MPS the gradient of max pooling is not deterministic; torch then warns.

    Parameters
    ----------
    num_threads
        Number of CPU threads. Sums are split among them, so results repeat only with the same number.
    deterministic
        False lets CUDA add in any order and try which convolution is fastest; results then do not repeat.
    numerics
        Portable needs a process that was started for it, as that of each stage is (`lesions.stage.run`).
    processes
        On CUDA, each process on this host takes a device of its own.

    Raises
    ------
    InputError
        If the wanted device is not available, if there are too few for the processes, or if this process does not
        compute portably and should.
    """
    device = choose_device(choice, numerics)
    check_enough_devices(device, processes.local_number)
    if device.type == "cuda" and not processes.is_alone:
        device = torch.device("cuda", processes.local_rank)
        torch.cuda.set_device(device)
    if numerics == "portable":
        _check_portable()
    # cuBLAS reads this when CUDA starts; deterministic mode refuses to multiply matrices without it.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    # `use_deterministic_algorithms` does the same, and loads torch's compiler, which takes a second.
    strictness = "warn" if device.type == "mps" else "error"
    torch.set_deterministic_debug_mode(strictness if deterministic else "default")
    torch.backends.cudnn.benchmark = not deterministic
    # Filling new memory costs time, and no operation here reads memory that it has not written.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    # TF32 would round the inputs of float32 convolutions to 10 bits.
    torch.backends.cudnn.allow_tf32 = False
    torch.set_num_threads(num_threads)
    keep_freed_memory()
    return device


def choose_device(choice: DeviceChoice, numerics: Numerics = "native") -> torch.device:
    """Return the wanted device, or the best available one, which is the CPU if the numerics are portable.

    Raises
    ------
    InputError
        If the device is not available, or cannot compute portably.
    """
    if numerics == "portable":
        return _choose_portable_device(choice)
    is_available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if choice == "auto":
        return torch.device(next(name for name, available in is_available.items() if available))
    if not is_available[choice]:
        others = ", ".join(name for name, available in is_available.items() if available)
        raise InputError(f"hardware.device is {choice}, which torch does not find here; it finds {others}")
    return torch.device(choice)


def check_enough_devices(device: torch.device, num_processes: int) -> None:
    """Raise InputError if so many processes of this host cannot each compute on a device of this kind."""
    if num_processes == 1 or device.type == "cpu":
        return
    if device.type != "cuda":
        raise InputError(
            f"hardware.num_processes is above 1, and training is on {device.type}, of which there is one: set "
            "hardware.num_processes to 1, or hardware.device to cpu"
        )
    if num_processes > torch.cuda.device_count():
        raise InputError(
            f"hardware.num_processes needs {num_processes} CUDA devices here, and torch finds "
            f"{torch.cuda.device_count()}: each process has one of its own"
        )


def _choose_portable_device(choice: DeviceChoice) -> torch.device:
    if choice not in ("auto", "cpu"):
        raise InputError(
            f"hardware.numerics is portable, which is about processors, and hardware.device is {choice}; set it to "
            "cpu, or hardware.numerics to native"
        )
    if not torch.cpu.get_capabilities().get("avx2"):
        raise InputError(
            "hardware.numerics is portable, which needs a processor with AVX2; this one has none: set it to native"
        )
    return torch.device("cpu")


def _check_portable() -> None:
    capability = torch.backends.cpu.get_cpu_capability()
    wanted = " ".join(f"{name}={value}" for name, value in PORTABLE.items())
    if not is_portable() or capability != PORTABLE_CAPABILITY:
        raise InputError(
            f"hardware.numerics is portable, and this process computes with {capability}: the environment "
            f"({wanted}) has to be set before Python starts; "
            "`dvc repro` and `python -m stages.<stage>` do so"
        )


def name_hardware(device: torch.device) -> str:
    """Return the name of the hardware, in the detail on which the bits of a result depend."""
    if device.type == "cuda":
        return f"{torch.cuda.get_device_name(device)}, cuDNN {torch.backends.cudnn.version()}"
    return f"{device.type} {torch.backends.cpu.get_cpu_capability()}"


def identify_hardware(device: torch.device, numerics: Numerics) -> list[str]:
    """Return the names of the hardware with which alone a training may resume, so that its bits are those of one run.

    Processors with the same instructions may have other caches, by which libraries cut sums into parts.
    """
    processor = name_processor() if device.type == "cpu" and numerics == "native" else ()
    return [name_hardware(device), *processor]


@contextmanager
def advise_on_determinism() -> Iterator[None]:
    """Turn torch's refusal of an operation that would not repeat into an InputError that says what allows it."""
    try:
        yield
    except RuntimeError as error:
        if "deterministic" not in str(error):
            raise
        raise InputError(f"{error}. Set hardware.deterministic to false to allow it") from error


def choose_memory_format(device: torch.device) -> torch.memory_format:
    """Return the memory format of image batches that is fastest to convolve on a device."""
    return torch.contiguous_format if device.type == "mps" else torch.channels_last


def compile_network(network: nn.Module) -> Callable[..., Any]:
    """Return the network compiled by torch, deterministic if torch is set to that."""
    # Only this tells the compiler.
    deterministic, warn_only = (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
    )
    torch.use_deterministic_algorithms(deterministic, warn_only=warn_only)
    return torch.compile(network)


def to_device(network: AnyNetwork, device: torch.device) -> AnyNetwork:
    """Move a network to a device, with its weights in the memory format that is fastest there."""
    return network.to(device).to(memory_format=choose_memory_format(device))


def choose_precision(choice: PrecisionChoice, device: torch.device, numerics: Numerics = "native") -> Precision:
    """Return the wanted precision; auto is bfloat16 if the device computes in it, and else float32.

    If the numerics are portable, auto is float32.

    Raises
    ------
    InputError
        If bfloat16 is wanted and the device does not compute in it, or if the numerics are portable.
    """
    if numerics == "portable":
        if choice == "bfloat16":
            raise InputError(
                "training.precision is bfloat16, and hardware.numerics is portable, which is float32: not all "
                "processors compute in bfloat16; set training.precision to auto or float32"
            )
        return torch.float32
    is_supported = _computes_bfloat16(device)
    if choice == "bfloat16" and not is_supported:
        raise InputError(
            f"training.precision is bfloat16, which this {device.type} does not compute with (it needs CUDA with "
            "compute capability 8.0, or a CPU with AVX512-BF16 or AMX); use auto or float32"
        )
    return torch.bfloat16 if choice != "float32" and is_supported else torch.float32


def name_precision(precision: Precision) -> str:
    """Return the name of a precision as parameters have it, such as float32."""
    return str(precision).removeprefix("torch.")


def _computes_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    capabilities = torch.cpu.get_capabilities()
    return device.type == "cpu" and bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


def choose_execution(choice: ExecutionChoice, device: torch.device, num_processes: int = 1) -> Execution:
    """Return how a training step is executed; auto is the fastest way that needs no compilation.

    Raises
    ------
    InputError
        If a graph or a compilation is wanted and the device is not CUDA, or several processes share the step.
    """
    if num_processes > 1:
        if choice not in ("auto", "eager"):
            raise InputError(
                f"hardware.execution is {choice}, and hardware.num_processes {num_processes}: a step in which "
                "processes exchange gradients is neither recorded nor compiled; use auto"
            )
        return "eager"
    if choice == "auto":
        return "graph" if device.type == "cuda" else "eager"
    if choice != "eager" and device.type != "cuda":
        raise InputError(
            f"hardware.execution is {choice}, which needs CUDA, and training is on {device.type}: torch records no "
            "graphs there, and compiled networks were slower; use auto"
        )
    return choice


@cache
def to_device_constants(numbers: tuple[float, ...] | tuple[tuple[float, ...], ...], device: torch.device) -> Tensor:
    """Return constants as a float32 tensor on a device, cached, because a GPU would wait for each copy."""
    with torch.inference_mode(mode=False):
        return torch.tensor(numbers, dtype=torch.float32, device=device)
