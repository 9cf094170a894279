"""What an exported file says of itself, from the files of its run."""

from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, get_args

from lesions.datasets.parameters import DatasetParameters
from lesions.evaluation.estimation import HeadlineMetric
from lesions.evaluation.seal import holds_seal
from lesions.exporting.members import Members
from lesions.fetching.catalogue import LICENCES
from lesions.formats.json_file import read_json
from lesions.formats.sha256 import hash_file
from lesions.images.decode import DecodingParameters
from lesions.networks.out_of_distribution import DETECTOR
from lesions.parameters.section import read_section
from lesions.serving.manifest import (
    Calibration,
    Hashes,
    Licences,
    Manifest,
    Score,
    ServedClass,
    Thresholds,
)
from lesions.tables import calibrations
from lesions.tables.classes import Classes
from lesions.tables.paths import ModelPaths

INTENDED_USE = (
    "Research on the classification of images of skin lesions. Not a medical device: no diagnosis and no treatment "
    "may rest on it."
)

OPERATING_POINT = ("sensitivity", "specificity")
"""The scores of the threshold for malignancy; in the manifest they are named `malignancy_<score>`."""

PACKAGES = ("lesions", "numpy", "onnx", "onnxruntime", "onnxscript", "torch")


def build_manifest(
    paths: ModelPaths,
    members: Members,
    thresholds: Thresholds,
    *,
    params: Path,
    code: Path,
    known: Classes,
    sides: Sequence[bool | None] | None,
    calibration: calibrations.Calibration,
) -> Manifest:
    """Build the manifest of a model.

    Parameters
    ----------
    paths
        Where its metrics are.
    params
        The parameter file.
    code
        The list of the code that the export reaches, with the hash of each file.
    sides
        Whether each class is malignant; None if the classes have no malignant side.
    """
    test, intervals, malignancy = (
        read_json(paths.metrics_file(name)) for name in ("test", "intervals", "malignancy")
    )
    about = {name: member.about for name, member in members.by_name.items()}
    dataset = read_section(params, "dataset", DatasetParameters)
    return Manifest(
        model=paths.model,
        members=members.weights,
        classes=list_served_classes(known, sides),
        decoding=read_section(params, "cache_images", DecodingParameters),
        num_views=calibration.num_views,
        calibration=Calibration(method=calibration.method, scale=calibration.scale, shift=calibration.shift),
        detector=DETECTOR,
        thresholds=thresholds,
        scores=list_scores(test, intervals, malignancy),
        num_test_images=test.get("num_images", 0),
        num_test_groups=test.get("num_groups", 0),
        hashes=Hashes(
            checkpoints={name: hash_file(member.checkpoint) for name, member in members.by_name.items()},
            data=next(iter(about.values())).inputs,
            code=hash_file(code),
        ),
        versions=list_versions(),
        licences=Licences(
            weights={name: each.weights_licence for name, each in about.items()},
            data=list_data_licences(dataset.names),
        ),
        intended_use=INTENDED_USE,
    )


def list_served_classes(known: Classes, sides: Sequence[bool | None] | None) -> tuple[ServedClass, ...]:
    """Return the classes with their diagnoses, and whether each is malignant if the classes have a malignant side."""
    found = sides or [None] * len(known.classes)
    return tuple(
        ServedClass(name=name, diagnoses=diagnoses, is_malignant=side)
        for name, diagnoses, side in zip(known.classes, known.diagnoses, found, strict=True)
    )


def list_scores(
    test: Mapping[str, Any], intervals: Mapping[str, Any], malignancy: Mapping[str, Any]
) -> dict[str, Score]:
    """Return the scores on test images, from the metrics files of a model; none while the test images are sealed."""
    if holds_seal(test):
        return {}
    scores = {name: read_score(name, test, intervals) for name in get_args(HeadlineMetric) if name in test}
    if malignancy["has_malignant_side"]:
        scores |= {f"malignancy_{name}": read_score(name, malignancy, malignancy) for name in OPERATING_POINT}
    return scores


def read_score(name: str, values: Mapping[str, Any], bounds: Mapping[str, Any]) -> Score:
    """Return a score and its bounds, which have flat names."""
    return Score(value=values[name], low=bounds.get(f"{name}_low"), high=bounds.get(f"{name}_high"))


def list_data_licences(datasets: Iterable[str]) -> dict[str, str | None]:
    """Return the licence of each published dataset; None of one's own data and of drawn images."""
    return {name: LICENCES.get(name) for name in sorted(datasets)}


def list_versions() -> dict[str, str]:
    """Return the versions of the packages that decide the bytes of an exported file."""
    return {name: version(name) for name in PACKAGES}
