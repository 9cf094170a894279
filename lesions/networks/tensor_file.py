"""Tensors in a safetensors file, with a single metadata text: several would be written in random order."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from lesions.formats.atomic import atomic_path


def write_tensor_file(path: Path, tensors: Mapping[str, Tensor], *, key: str, text: str) -> None:
    """Write tensors from any device; the same tensors and text give the same bytes."""
    on_cpu = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with atomic_path(path) as temporary:
        try:
            save_file(on_cpu, temporary, metadata={key: text})
        except SafetensorError as error:
            # The library reports a system error, such as a full disk, only in its message.
            if number := re.search(r"\(os error (\d+)\)", str(error)):
                raise OSError(int(number[1]), os.strerror(int(number[1]))) from error
            raise


def read_tensor_file(path: Path, *, key: str) -> tuple[dict[str, Tensor], str]:
    """Read the tensors and the text; raise KeyError if the text is missing, SafetensorError if the file is broken."""
    with safe_open(path, framework="pt") as file:
        text = (file.metadata() or {})[key]
        return {name: file.get_tensor(name) for name in file.keys()}, text  # noqa: SIM118
