"""The networks of a model or an ensemble, as they are before they are exported."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lesions.evaluation.ensembles import Pool
from lesions.hardware.device import choose_device
from lesions.networks.checkpoint import CheckpointMetadata, read_checkpoint
from lesions.networks.checkpoint_checks import check_checkpoint, check_classes
from lesions.networks.classifier import Classifier
from lesions.networks.inference import predict_outputs
from lesions.networks.out_of_distribution import LogitsAndDepths
from lesions.networks.served_network import PooledNetworks, ServedNetwork
from lesions.networks.source import ImageSource
from lesions.tables.classes import Classes
from lesions.tables.ensembles import read_ensemble
from lesions.tables.paths import ModelPaths
from lesions.transforms.preprocessing import Preprocessing


@dataclass(frozen=True)
class Member:
    """A trained network.

    Attributes
    ----------
    checkpoint
        Its file.
    network
        On the CPU, in evaluation mode.
    """

    checkpoint: Path
    network: Classifier
    about: CheckpointMetadata

    @property
    def preprocessing(self) -> Preprocessing:
        """That of its training."""
        return Preprocessing(self.about.architecture.size_px, self.about.mean, self.about.std)


@dataclass(frozen=True)
class Seen:
    """What networks see in N images.

    Attributes
    ----------
    logits : (N, K)
        Before calibration; those of an ensemble are combined.
    depths : list of (N, C)
        The means of the channels at each depth, of all members.
    """

    logits: NDArray[np.floating]
    depths: list[NDArray[np.floating]]


@dataclass(frozen=True)
class Members:
    """A single network, or the networks of an ensemble and how their logits are combined.

    Attributes
    ----------
    by_name
        The networks.
    weights
        The weight of each member of an ensemble; empty for a model.
    pool
        None of a single network, whose logits stay as they are.
    """

    by_name: dict[str, Member]
    weights: dict[str, float]
    pool: Pool | None

    def see(self, source: ImageSource, rows: NDArray[np.int64], *, num_views: int) -> Seen:
        """Return what the networks see in rows of the cache, as the pipeline computes it."""
        logits, depths = [], []
        for each in self.by_name.values():
            network = LogitsAndDepths(each.network, each.preprocessing.size_px)
            outputs = predict_outputs(network, source, rows, preprocessing=each.preprocessing, num_views=num_views)
            of_member, *of_depths = np.split(outputs, np.cumsum(network.widths)[:-1], axis=1)
            logits.append(of_member)
            depths += of_depths
        return Seen(logits[0] if self.pool is None else self.pool.combine(logits), depths)

    def build_served(self, cached_px: int, *, num_views: int) -> ServedNetwork | PooledNetworks:
        """Return the same as one module from cached pixels to logits."""
        networks = [
            ServedNetwork(each.network, each.preprocessing, cached_px=cached_px, num_views=num_views)
            for each in self.by_name.values()
        ]
        if self.pool is None:
            return networks[0]
        return PooledNetworks(networks, scales=self.pool.scales.tolist(), weights=self.pool.weights.tolist())


def read_members(paths: ModelPaths, known: Classes, inputs: tuple[Path, ...]) -> Members:
    """Read the network of a model, or those of an ensemble if there are weights of one.

    Parameters
    ----------
    inputs
        The files that the networks must have been trained on.

    Raises
    ------
    InputError
        If a checkpoint is missing or broken, or if it is of other data or classes.
    """
    weights = paths.metrics_file("ensemble")
    if not weights.is_file():
        return Members({paths.model: read_member(paths, known, inputs)}, {}, None)
    ensemble = read_ensemble(weights)
    by_name = {name: read_member(replace(paths, model=name), known, inputs) for name in ensemble.weight}
    if len(by_name) == 1:  # its logits are those of the ensemble
        return Members(by_name, ensemble.weight, None)
    scales = 1 / np.array([ensemble.temperature[name] for name in by_name])
    return Members(by_name, ensemble.weight, Pool(scales, np.array([*ensemble.weight.values()])))


def read_member(paths: ModelPaths, known: Classes, inputs: tuple[Path, ...]) -> Member:
    """Read a checkpoint onto the CPU, and check that it is of this run."""
    network, about = read_checkpoint(paths.checkpoint, choose_device("cpu"))
    check_checkpoint(paths.checkpoint, about, model=paths.model, inputs=inputs)
    check_classes(paths.checkpoint, about, known)
    return Member(paths.checkpoint, network, about)
