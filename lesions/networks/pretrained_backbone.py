"""The backbone that the stage `pretrain` wrote, `data/pretrained/<model>/backbone.safetensors`."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError
from safetensors import SafetensorError
from torch import Tensor, nn

from lesions.errors import InputError
from lesions.networks.tensor_file import read_tensor_file, write_tensor_file

FILE = "backbone.safetensors"

METADATA_KEY = "lesions"

AGAIN = "run the stage pretrain again"


@dataclass(frozen=True)
class PretrainedMetadata:
    """What the file says of the pretraining.

    Attributes
    ----------
    backbone, size_px
        Of the architecture.
    num_epochs
        Number of epochs.
    loss, projection_std
        Of the last epoch, as in `PretrainingStep`.
    """

    backbone: str
    size_px: int
    num_epochs: int
    loss: float
    projection_std: float


_METADATA = TypeAdapter(PretrainedMetadata)


def write_backbone(path: Path, weights: dict[str, Tensor], about: PretrainedMetadata) -> None:
    """Write a pretrained backbone; the same weights and metadata give the same bytes."""
    write_tensor_file(path, weights, key=METADATA_KEY, text=json.dumps(asdict(about), sort_keys=True))


@dataclass(frozen=True)
class PretrainedBackbone:
    """A pretrained backbone as it was read: its file, its weights, and what the file says of them."""

    path: Path
    weights: dict[str, Tensor]
    about: PretrainedMetadata

    def load_into(self, backbone: nn.Module) -> None:
        """Give a network's backbone these weights; raise InputError if they do not fit it."""
        try:
            backbone.load_state_dict(self.weights)
        except RuntimeError as error:
            raise InputError(
                f"{self.path}: has the weights of a {self.about.backbone}, which do not fit this backbone; {AGAIN}"
            ) from error


def read_backbone(path: Path) -> PretrainedBackbone:
    """Read a pretrained backbone.

    Raises
    ------
    InputError
        If the file is missing or damaged, or if a weight is not a finite number.
    """
    if not path.is_file():
        raise InputError(f"{path}: there is no such file; run the stage pretrain")
    try:
        weights, text = read_tensor_file(path, key=METADATA_KEY)
        about = _METADATA.validate_json(text)
    except (SafetensorError, OSError, KeyError, ValidationError) as error:
        raise InputError(f"{path}: not what the stage pretrain writes; {AGAIN}") from error
    for name, tensor in weights.items():
        if not tensor.isfinite().all():
            raise InputError(f"{path}: has values in {name} that are not finite numbers; {AGAIN}")
    return PretrainedBackbone(path, weights, about)
