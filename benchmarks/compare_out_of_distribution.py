"""Compare methods that say how unlike the training images an image is.

Peers are those of pytorch-ood, on the features of a trained network, and on the means of its channels at each depth
as the detector of lesions has them. Each is fitted to as many training images as there are validation images. Its
threshold accepts 95 % of the validation groups. Printed is the share of images above it, and in brackets the ROC AUC
against the test images.

    lesions preset ham10000-cpu --root /path/to/ham10000 && dvc repro
    python -m benchmarks.compare_out_of_distribution resnet18 --folder photographs=/path/to/pad_ufes_20/images
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from numpy.typing import NDArray
from pytorch_ood.detector import KNN, RMD, EnergyBased, Mahalanobis, ViM
from rich.console import Console
from rich.table import Table
from sklearn.metrics import roc_auc_score
from torch import Tensor, nn

from benchmarks.unfamiliar_images import UNFAMILIAR
from lesions.errors import InputError
from lesions.exporting.acceptance import find_highest_accepted
from lesions.images.cache import read_cache
from lesions.images.decode import DecodingParameters, decode_image
from lesions.images.files import find_image_files
from lesions.networks.checkpoint import read_checkpoint
from lesions.networks.inference import predict_outputs
from lesions.networks.out_of_distribution import DepthBackbone, fit_detector
from lesions.networks.source import open_source
from lesions.parameters.section import read_section
from lesions.stage.failure import one_paragraph_errors
from lesions.tables.splits import read_split_metadata
from lesions.tables.task import encode_diagnoses
from lesions.transforms.preprocessing import Preprocessing

ACCEPTED = 0.95

Floats = NDArray[np.floating]
Images = NDArray[np.uint8]


@dataclass(frozen=True)
class Embedding:
    """The features (N, F) of images, and the means (N, C) of the channels at each depth."""

    features: Tensor
    depths: tuple[Tensor, ...]

    @property
    def joined(self) -> Tensor:
        """The means of all depths side by side."""
        return torch.cat(self.depths, dim=1)


Score = Callable[[Embedding], Tensor]


class SideBySide(nn.Module):
    """Returns the features and the means of all depths as one tensor; `widths` are then the widths of its parts."""

    def __init__(self, backbone: nn.Module, size_px: int) -> None:
        super().__init__()
        self.backbone = DepthBackbone(backbone, size_px)
        self.widths: list[int] = []

    def forward(self, images: Tensor) -> Tensor:
        """Return all of them, (B, F + C + …)."""
        features, depths = self.backbone(images)
        self.widths = [part.shape[1] for part in (features, *depths)]
        return torch.cat([features, *depths], dim=1)


def main(
    model: Annotated[str, typer.Argument(help="The model whose network is used.")],
    data: Annotated[Path, typer.Option(help="The folder data/ of a run.")] = Path("data"),
    params: Annotated[Path, typer.Option(help="The parameter file.")] = Path("params.yaml"),
    folder: Annotated[list[str] | None, typer.Option(help="More images of other kinds: name=folder.")] = None,
    num_images: Annotated[int, typer.Option(help="Images of each kind.")] = 300,
) -> None:
    """Print a table with a row per method and a column per kind of images."""
    torch.set_num_threads(1)
    network, about = read_checkpoint(data / f"checkpoints/{model}.safetensors", torch.device("cpu"))
    preprocessing = Preprocessing(about.architecture.size_px, about.mean, about.std)
    backbone = SideBySide(network.backbone, about.architecture.size_px)

    def embed(pixels: Images) -> Embedding:
        source, rows = open_source(pixels, torch.device("cpu")), np.arange(len(pixels))
        outputs = torch.from_numpy(predict_outputs(backbone, source, rows, preprocessing=preprocessing))
        features, *depths = outputs.split(backbone.widths, dim=1)
        return Embedding(features, tuple(depths))

    table, cache = read_split_metadata(data / "metadata.csv", data / "splits.csv"), read_cache(data / "images.npy")
    parts = {split: table[table.split == split] for split in ("train", "val", "test")}
    train = parts["train"].sample(frac=1, random_state=0).head(len(parts["val"]))
    embedded = {split: embed(cache[rows.row.to_numpy()]) for split, rows in (parts | {"train": train}).items()}
    decoding = read_section(params, "cache_images", DecodingParameters)
    kinds = {kind: list(draw_images(kind, num_images, decoding)) for kind in UNFAMILIAR}
    for kind, path in (each.split("=", 1) for each in folder or []):
        kinds[kind] = list(read_images(Path(path), num_images, decoding))
    others = {kind: embed(np.stack(images)) for kind, images in kinds.items()}
    y_true = torch.from_numpy(encode_diagnoses(train.diagnosis, about.diagnoses))
    shown = Table("method", "test", *others)
    for name, score in fit_methods(embedded["train"], y_true, network.head).items():
        of_val, of_test = (to_array(score(embedded[split])) for split in ("val", "test"))
        threshold = find_highest_accepted(of_val, parts["val"].group_id, ACCEPTED)
        cells = [describe_rate(to_array(score(other)), of_test, threshold) for other in others.values()]
        shown.add_row(name, f"{np.mean(of_test > threshold):.3f}", *cells)
    Console().print(shown)
    print(", ".join(f"{len(images)} {kind}" for kind, images in kinds.items()))


def fit_methods(train: Embedding, y_true: Tensor, head: nn.Module) -> dict[str, Score]:
    """Return the methods by name."""
    last = [layer for layer in head.modules() if isinstance(layer, nn.Linear)][-1]
    peers = {
        "Mahalanobis": lambda: Mahalanobis(None),
        "relative Mahalanobis": lambda: RMD(None),
        "nearest neighbours, k = 1": lambda: KNN(None, k=1),
        "nearest neighbours, k = 10": lambda: KNN(None, k=10),
    }
    scores: dict[str, Score] = {"energy": lambda images: EnergyBased(None).predict_logits(head(images.features))}
    for name, build in peers.items():
        on_features, on_depths = build(), build()
        on_features.fit_features(train.features, y_true)
        on_depths.fit_features(train.joined, y_true)
        scores[name] = partial(score_features, on_features)
        scores[f"{name}, all depths"] = partial(score_depths, on_depths)
    if last.in_features == train.features.shape[1]:
        vim = ViM(None, d=last.in_features // 2, w=last.weight, b=last.bias).fit_features(train.features, y_true)
        scores["ViM"] = lambda images: vim.predict_features(images.features)
    ours = fit_detector([means.numpy() for means in train.depths])
    of_features = fit_detector([train.features.numpy()])
    scores["lesions, the features alone"] = lambda images: of_features([images.features])
    scores["lesions"] = lambda images: ours(images.depths)
    return scores


def score_features(peer: Any, images: Embedding) -> Tensor:
    """Return the scores (N,) of the last features by a fitted peer."""
    scores: Tensor = peer.predict_features(images.features)
    return scores


def score_depths(peer: Any, images: Embedding) -> Tensor:
    """Return the scores (N,) of the means at all depths by a fitted peer."""
    scores: Tensor = peer.predict_features(images.joined)
    return scores


def to_array(scores: Tensor) -> Floats:
    """Return scores as an array."""
    return scores.detach().double().numpy()


def describe_rate(scores: Floats, of_test: Floats, threshold: float) -> str:
    """Return the share of images above the threshold, and the ROC AUC against the test images."""
    is_other = np.repeat([0, 1], [len(of_test), len(scores)])
    return f"{np.mean(scores > threshold):.3f} ({roc_auc_score(is_other, np.append(of_test, scores)):.2f})"


def draw_images(kind: str, num_images: int, decoding: DecodingParameters) -> Iterator[Images]:
    """Draw images of a kind, save them as JPEG, and decode them as the run decodes files."""
    for seed in range(num_images):
        file = BytesIO()
        UNFAMILIAR[kind](np.random.default_rng(seed)).save(file, "JPEG", quality=90)
        yield decode_image(file.getvalue(), decoding).pixels


def read_images(folder: Path, num_images: int, decoding: DecodingParameters) -> Iterator[Images]:
    """Decode some images of a folder, from its first to its last."""
    files = find_image_files(folder).readable
    for file in files[:: max(1, len(files) // num_images)][:num_images]:
        try:
            yield decode_image((folder / file).read_bytes(), decoding).pixels
        except InputError as error:
            print(f"{file}: left out, because it is {error}")


if __name__ == "__main__":
    with one_paragraph_errors():
        typer.run(main)
