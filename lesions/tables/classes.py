"""`data/classes.json`: the classes that networks tell apart."""

from dataclasses import dataclass
from pathlib import Path

from lesions.formats.json_file import read_json, write_json


@dataclass(frozen=True)
class Classes:
    """The diagnoses, number of training images and weight of each class, in the order of a network's outputs."""

    classes: tuple[str, ...]
    diagnoses: tuple[tuple[str, ...], ...]
    num_images: tuple[int, ...]
    weights: tuple[float, ...]


def write_classes(path: Path, classes: Classes) -> None:
    """Write `data/classes.json`."""
    write_json(path, vars(classes))


def read_classes(path: Path) -> Classes:
    """Read `data/classes.json`."""
    values = read_json(path)
    return Classes(
        classes=tuple(values["classes"]),
        diagnoses=tuple(map(tuple, values["diagnoses"])),
        num_images=tuple(values["num_images"]),
        weights=tuple(values["weights"]),
    )
