"""Checkpoints: weights, and everything that is needed to use them, in one safetensors file."""

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from pydantic import TypeAdapter
from safetensors import SafetensorError
from torch import Tensor

from lesions.errors import InputError
from lesions.hardware.device import to_device
from lesions.networks.architecture import assemble_network
from lesions.networks.classifier import Classifier
from lesions.networks.parameters import AnyArchitecture, CustomCNNParameters
from lesions.networks.tensor_file import read_tensor_file, write_tensor_file

METADATA_KEY = "lesions"

MAX_REASON = 200
"""Characters that are shown of why a file is refused."""


@dataclass(frozen=True)
class CheckpointMetadata:
    """The metadata of a checkpoint.

    Attributes
    ----------
    classes
        The classes, in the order of the logits.
    diagnoses
        The diagnoses of each class.
    mean, std
        The mean and standard deviation of each channel that normalise pixels from 0 to 1.
    inputs
        The sha256 of each file that the network was trained on, by file name.
    versions
        The versions of the libraries that trained it.
    weights_licence
        The licence of the pretrained weights that it started from, or None.
    """

    model: str
    classes: tuple[str, ...]
    diagnoses: tuple[tuple[str, ...], ...]
    architecture: AnyArchitecture
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    inputs: dict[str, str]
    versions: dict[str, str]
    weights_licence: str | None


_METADATA = TypeAdapter(CheckpointMetadata)


def write_checkpoint(path: Path, weights: dict[str, Tensor], metadata: CheckpointMetadata) -> None:
    """Write a checkpoint; the same weights and metadata give the same bytes."""
    text = json.dumps(_METADATA.dump_python(metadata, mode="json"), sort_keys=True)
    write_tensor_file(path, weights, key=METADATA_KEY, text=text)


def read_checkpoint(path: Path, device: torch.device) -> tuple[Classifier, CheckpointMetadata]:
    """Read a checkpoint and build its network, ready to predict.

    Raises
    ------
    InputError
        If the file is missing, truncated, or not a checkpoint of this pipeline; if its text does not describe its
        weights; if a weight is not a finite number; if its network cannot be built, as when its file is missing.
    """
    try:
        weights, text = read_tensor_file(path, key=METADATA_KEY)
        metadata = _METADATA.validate_json(text)
        if len(set(metadata.classes)) != len(metadata.classes) or len(metadata.classes) != len(metadata.diagnoses):
            raise ValueError(f"its classes are {metadata.classes}, of {len(metadata.diagnoses)} lists of diagnoses")
        network = _build_network(metadata, weights)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except (SafetensorError, OSError, KeyError, ValueError, TypeError, OverflowError, RuntimeError) as error:
        raise InputError(
            f"{path}: not a whole checkpoint of this pipeline ({_first_line(error)}); "
            "run the stage train again, or `dvc checkout` for the last good one"
        ) from error
    return to_device(network, device).eval(), metadata


def _build_network(metadata: CheckpointMetadata, weights: dict[str, Tensor]) -> Classifier:
    """Build the network that the metadata describe, of these weights; raise ValueError if they do not fit it."""
    architecture = metadata.architecture
    num_layers = len(architecture.head_widths)
    if isinstance(architecture, CustomCNNParameters):
        num_layers += len(architecture.widths) * architecture.convolutions_per_block
    if num_layers > len(weights):
        raise ValueError(f"its text describes {num_layers} layers, and it has {len(weights)} tensors")
    # On this device, tensors have shapes but take no memory, however large the text says that they are.
    with torch.device("meta"):
        network = assemble_network(architecture, len(metadata.classes))
    for name, expected in network.state_dict().items():
        given = weights.get(name, expected)
        if given.dtype != expected.dtype:
            raise ValueError(f"{name} is of type {given.dtype}, expected {expected.dtype}")
        if not given.is_meta and not given.isfinite().all():
            raise ValueError(f"{name} has values that are not finite numbers")
    # Copied, because a tensor of the file need not begin where memory for computing does.
    network.load_state_dict({name: tensor.clone() for name, tensor in weights.items()}, assign=True)
    if any(buffer.is_meta for buffer in network.buffers()):
        # Some networks of timm have tables that they compute when they are built, and that no file holds.
        network = assemble_network(architecture, len(metadata.classes))
        network.load_state_dict(weights)
    return network


def _first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0][:MAX_REASON]
