"""The paths of a run's files, by model: all code that writes, reads, compares or removes them uses these paths.

An ensemble is a model without a network: it has a combined table of logits in place of a network's.
"""

import os
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from shutil import rmtree
from typing import Literal, get_args

from lesions.parameters.models import RESERVED

MetricsName = Literal[
    "train",
    "machine",
    "ensemble",
    "val",
    "test",
    "intervals",
    "calibration",
    "sets",
    "generalisation",
    "external",
    "digest",
    "malignancy",
    "malignancy_external",
    "subgroups",
    "export",
    "explain",
    "robustness",
]

PlotName = Literal[
    "classes",
    "confusion",
    "roc",
    "precision_recall",
    "reliability",
    "risk",
    "sets",
    "malignancy_roc",
    "malignancy_calibration",
    "net_benefit",
    "decisions",
    "predictive_values",
    "subgroups",
    "robustness",
]


SYNTHETIC_ROOT = Path("data/raw/synthetic")
"""The embedded dataset."""

OUTPUT_FOLDERS = (
    *(Path("data", name) for name in ("calibrations", "checkpoints", "code", "doubts", "ensembles", "exports")),
    *(Path("data", name) for name in ("folds", "imported", "kept", "logits", "maps", "pictures", "predictions")),
    *(Path("data", name) for name in ("pretrained", "pretraining", "recipes")),
    *map(Path, ("metrics", "plots", "report", ".resume", ".search", ".timings", ".tracking", "dvclive", "dvc_plots")),
)
"""The folders that a run writes, and in which nothing else may lie; not that of the embedded dataset."""


@dataclass(frozen=True)
class ModelPaths:
    """The files that the stages of one model write.

    Attributes
    ----------
    model
        The model's name.
    data, metrics, plots
        The folders of all models.
    """

    model: str
    data: Path = Path("data")
    metrics: Path = Path("metrics")
    plots: Path = Path("plots")

    @property
    def checkpoint(self) -> Path:
        """The weights of the best epoch."""
        return self.data / f"checkpoints/{self.model}.safetensors"

    @property
    def pretrained(self) -> Path:
        """The folder with the pretrained backbone, which is empty if the stage `pretrain` had nothing to do."""
        return self.data / f"pretrained/{self.model}"

    @property
    def logits(self) -> Path:
        """The network's logits, before calibration."""
        return self.data / f"logits/{self.model}.csv"

    @property
    def combined(self) -> Path:
        """The logits of an ensemble, combined of its members', before calibration."""
        return self.data / f"ensembles/{self.model}.csv"

    @property
    def predictions(self) -> Path:
        """The calibrated predictions."""
        return self.data / f"predictions/{self.model}.csv"

    @property
    def calibration(self) -> Path:
        """The calibration of the logits."""
        return self.data / f"calibrations/{self.model}.json"

    @property
    def pictures(self) -> Path:
        """The folder with the pictures of the most confident mistakes."""
        return self.data / f"pictures/{self.model}"

    @property
    def maps(self) -> Path:
        """The folder with the maps of what a network sees in these pictures, and in melanomas that it finds."""
        return self.data / f"maps/{self.model}"

    @property
    def found(self) -> Path:
        """The list of these melanomas."""
        return self.maps / "found.json"

    @property
    def mistakes(self) -> Path:
        """The list of these mistakes."""
        return self.pictures / "mistakes.json"

    @property
    def export(self) -> Path:
        """The folder with the model as one file, if it is exported."""
        return self.data / f"exports/{self.model}"

    @property
    def exported(self) -> tuple[Path, Path]:
        """What only an exported model has: the folder, and how well the file agrees with the networks."""
        return self.export, self.metrics_file("export")

    @property
    def history(self) -> Path:
        """The loss and the metrics of each epoch."""
        return self.plots / f"history/{self.model}.json"

    def metrics_file(self, name: MetricsName) -> Path:
        """Return the path of one of the model's metrics files."""
        return self.metrics / f"{self.model}/{name}.json"

    def plot_file(self, name: PlotName) -> Path:
        """Return the path of the rows of one of the model's plots."""
        return self.plots / f"{self.model}/{name}.json"

    def list_outputs(
        self, *, of_network: bool = True, of_ensemble: bool = True, scores: bool = True, of_export: bool = True
    ) -> list[Path]:
        """Return the files and folders that the stages of this model write, all or those of some kinds.

        Parameters
        ----------
        of_network
            What only a network has.
        of_ensemble
            What only an ensemble has.
        scores
            What both have.
        of_export
            What has only a model or an ensemble that is exported.
        """
        network = [
            *(self.pretrained, self.checkpoint, self.logits, self.history),
            *(self.metrics_file("train"), self.metrics_file("machine")),
            *(self.maps, self.metrics_file("explain")),
            *(self.metrics_file("robustness"), self.plot_file("robustness")),
        ]
        ensemble = [self.combined, self.metrics_file("ensemble")]
        own = {*network, *ensemble, *self.exported}
        return [
            *(network if of_network else []),
            *(ensemble if of_ensemble else []),
            *(self.exported if of_export else ()),
            *([self.predictions, self.calibration, self.pictures] if scores else []),
            *(path for path in map(self.metrics_file, get_args(MetricsName)) if scores and path not in own),
            *(path for path in map(self.plot_file, get_args(PlotName)) if scores and path not in own),
        ]


@dataclass(frozen=True)
class ImportedPaths:
    """The files of a table of logits that was imported from another run.

    Attributes
    ----------
    name
        The name under which ensembles know it.
    root
        The folder of all imported tables.
    """

    name: str
    root: Path = Path("data/imported")

    @property
    def folder(self) -> Path:
        """The folder that DVC tracks."""
        return self.root / self.name

    @property
    def logits(self) -> Path:
        """The table of raw logits, as it was in the other run."""
        return self.folder / "logits.csv"

    @property
    def images(self) -> Path:
        """The group, the split and the content of every image of the other run."""
        return self.folder / "images.csv"

    @property
    def about(self) -> Path:
        """Where the table comes from, and the hashes of the two others."""
        return self.folder / "about.json"


def describe_overlap(folder: Path, outputs: Iterable[Path] = OUTPUT_FOLDERS) -> str | None:
    """Return how a folder overlaps with the first of the outputs that it does overlap with, or None.

    It does not matter how the folder is spelled: as a relative path, an absolute one, or through a link.
    """
    place = Path(os.path.realpath(folder))
    for output in outputs:
        written = Path(os.path.realpath(output))
        if place == written:
            return f"is {output}"
        if place.is_relative_to(written) or written.is_relative_to(place):
            return f"{'lies in' if place.is_relative_to(written) else 'contains'} {output}"
    return None


def find_left_over(
    models: Collection[str], ensembles: Collection[str], folders: ModelPaths, *, exported: Collection[str]
) -> dict[str, list[Path]]:
    """Return the outputs on disk that no listed model or ensemble writes, by the name that they are under, sorted.

    Parameters
    ----------
    models, ensembles
        Those that are listed. Of a name that was moved from one list to the other, the outputs of its former kind are
        left over.
    folders
        The folders to search; its model is ignored.
    exported
        Those of them that are exported.
    """
    found = {}
    for name in sorted(set(_find_models(folders)) - {*RESERVED}):
        outputs = replace(folders, model=name).list_outputs(
            of_network=name not in models,
            of_ensemble=name not in ensembles,
            scores=name not in {*models, *ensembles},
            of_export=name not in exported,
        )
        if present := [path for path in outputs if path.exists()]:
            found[name] = present
    return found


def remove_outputs(paths: ModelPaths, outputs: Iterable[Path]) -> None:
    """Remove some outputs of a model, and the model's folders if they are empty then."""
    for path in outputs:
        if path.is_dir():
            rmtree(path)
        else:
            path.unlink()
    for folder in (paths.metrics / paths.model, paths.plots / paths.model):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def _find_models(folders: ModelPaths) -> Iterator[str]:
    """Yield the models that have outputs on disk."""
    for pattern in replace(folders, model="*").list_outputs():
        root = next(root for root in (folders.data, folders.metrics, folders.plots) if root in pattern.parents)
        parts = pattern.relative_to(root).parts
        # The part of the path that names the model: the file itself, or its folder.
        depth = next(depth for depth, part in enumerate(parts) if "*" in part)
        for path in root.glob("/".join(parts)):
            if path.is_dir() or pattern.suffix:
                yield Path(path.relative_to(root).parts[depth]).stem
