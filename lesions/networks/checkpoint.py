"""Checkpoints: weights, and everything that is needed to use them, in one safetensors file."""

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from pydantic import TypeAdapter, ValidationError
from safetensors import SafetensorError
from torch import Tensor

from lesions.errors import InputError
from lesions.hardware.device import to_device
from lesions.networks.architecture import assemble_network
from lesions.networks.classifier import Classifier
from lesions.networks.parameters import AnyArchitecture
from lesions.networks.tensor_file import read_tensor_file, write_tensor_file

METADATA_KEY = "lesions"


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
    """

    model: str
    classes: tuple[str, ...]
    diagnoses: tuple[tuple[str, ...], ...]
    architecture: AnyArchitecture
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    inputs: dict[str, str]
    versions: dict[str, str]


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
        If the file is missing, truncated, or not a checkpoint of this pipeline.
    """
    try:
        weights, text = read_tensor_file(path, key=METADATA_KEY)
        metadata = _METADATA.validate_json(text)
        network = assemble_network(metadata.architecture, len(metadata.classes))
        network.load_state_dict(weights)
    except (SafetensorError, OSError, KeyError, ValidationError, RuntimeError) as error:
        raise InputError(
            f"{path}: not a whole checkpoint of this pipeline ({_first_line(error)}); "
            "run the stage train again, or `dvc checkout` for the last good one"
        ) from error
    return to_device(network, device).eval(), metadata


def _first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0]
