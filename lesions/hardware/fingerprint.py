"""What tells one machine's floating-point results from another's: processor, instructions, versions, and hashes."""

import hashlib
import platform
from importlib.metadata import version
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from lesions.hardware.choices import Numerics
from lesions.hardware.device import Precision, choose_memory_format, name_hardware, name_precision
from lesions.hardware.processors import CPU_INFO, name_processor

PACKAGES = ("numpy", "timm", "torchvision")

CACHES = ("l1d_cache_size", "l2_cache_size")
"""Sizes in bytes by which oneDNN divides a convolution, and with it the order of its sums."""


def describe_machine(
    device: torch.device, precision: Precision, *, num_threads: int, numerics: Numerics, num_processes: int = 1
) -> dict[str, Any]:
    """Return all on which the bits of a training depend besides code, data and parameters; no name of the host.

    Two machines with the same hashes round these few operations alike. That does not prove that they do all others.
    """
    capabilities = torch.cpu.get_capabilities()
    vendor, name = name_processor(CPU_INFO)
    return {
        "architecture": platform.machine(),
        "caches": {cache: capabilities.get(cache) for cache in CACHES},
        "computed_on": name_hardware(device),
        "hashes": hash_operations(device, precision),
        "instruction_sets": " ".join(sorted(name for name, value in capabilities.items() if value is True)),
        "libc": " ".join(platform.libc_ver()).strip() or "unknown",
        "num_processes": num_processes,
        "num_threads": num_threads,
        "numerics": numerics,
        "precision": name_precision(precision),
        "processor": name,
        "system": platform.system(),
        "vendor": vendor,
        "versions": {
            "python": ".".join(platform.python_version_tuple()[:2]),  # its patches change no number
            **{name: version(name) for name in PACKAGES},
            "torch": str(torch.__version__),  # with its build
        },
    }


def hash_operations(device: torch.device, precision: Precision) -> dict[str, str]:
    """Return a hash of the result of each kind of operation, on the same numbers everywhere."""
    generator = np.random.default_rng(0)

    def draw(*shape: int) -> Tensor:
        # Of numpy's numbers, unlike torch's, all processors draw the same bits.
        numbers = torch.from_numpy(generator.random(shape, dtype=np.float32) - np.float32(0.5))
        return numbers.to(device=device, dtype=precision)

    images = draw(8, 16, 32, 32).to(memory_format=choose_memory_format(device))
    weights = draw(32, 16, 3, 3).to(memory_format=choose_memory_format(device)).requires_grad_()
    convolved = F.conv2d(images, weights, padding=1)
    (gradient,) = torch.autograd.grad(convolved, weights, draw(*convolved.shape))
    results = {
        "convolution": convolved,
        "convolution_gradient": gradient,
        "matrix_product": draw(64, 512) @ draw(512, 128),
        "softmax": draw(64, 200).softmax(dim=1),
    }
    return {name: _hash(result) for name, result in results.items()}


def _hash(result: Tensor) -> str:
    numbers = result.detach().float().cpu().contiguous().numpy()
    return hashlib.sha256(numbers.tobytes()).hexdigest()[:16]
