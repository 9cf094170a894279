"""The parameters of one's own data: the defaults, with the dataset as options or answers describe it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lesions.errors import InputError
from lesions.parameters.merging import merge_sections
from lesions.parameters.overlay import render_parameters
from lesions.parameters.presets import DEFAULT
from lesions.parameters.section import parse_parameters


@dataclass(frozen=True)
class Description:
    """One's own images and their diagnoses.

    Attributes
    ----------
    root
        The folder of the images, and of the table if there is one.
    table
        The path of the table below it; None: each folder of images is a diagnosis.
    columns
        The column of each field.
    words
        The diagnosis that each word of the table, or each name of a folder, stands for.
    malignant, benign, neither
        Diagnoses of one's own.
    """

    root: Path
    table: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)
    malignant: Sequence[str] = ()
    benign: Sequence[str] = ()
    neither: Sequence[str] = ()


def describe_data(
    images: Path | None,
    table: Path | None,
    *,
    columns: Mapping[str, str],
    words: Mapping[str, str],
    sides: Mapping[str, Sequence[str]],
) -> Description:
    """Return the description of the data that options name.

    Parameters
    ----------
    images
        The folder of the images; None: that of the table.
    table
        The file of the table; None: each folder of images is a diagnosis.
    sides
        Diagnoses of one's own that are malignant, benign or neither.

    Raises
    ------
    InputError
        If neither is given, if one is not there, or if the table is outside the folder of the images.
    """
    if images is None and table is None:
        raise InputError("which data? Give --images FOLDER, with a folder for each diagnosis, or --table FILE")
    if table is not None and not table.is_file():
        raise InputError(f"--table: there is no file {table}")
    root = table.parent if table is not None and images is None else images
    assert root is not None
    if not root.is_dir():
        raise InputError(f"--images: there is no folder {root}")
    if table is None and columns:
        raise InputError("--column describes a table; give --table FILE")
    if table is not None:
        if not table.resolve().is_relative_to(root.resolve()):
            raise InputError(f"--table: {table} is not in the folder of the images, {root}; move it there")
        if lacking := [name for name in ("image_id", "diagnosis") if name not in columns]:
            raise InputError(f"--table needs --column {lacking[0]}=NAME, the name of its column")
    below = table.resolve().relative_to(root.resolve()).as_posix() if table else None
    return Description(root.resolve(), below, columns, words, **sides)


def compose_own(description: Description, defaults: bytes, root: str) -> str:
    """Return the text of `params.yaml`.

    Parameters
    ----------
    defaults
        The defaults, as `list_shipped` has them.
    root
        `dataset.root`, as it is to be written.
    """
    default = parse_parameters(defaults, DEFAULT)
    dataset: dict[str, Any] = {
        "names": ["csv" if description.columns else "image_folder"],
        "root": root,
        "table": description.table,
        "columns": dict(description.columns),
        "words": {"diagnosis": dict(description.words)} if description.words else {},
    }
    sides = {
        name: [*default["task"][name], *getattr(description, name)] for name in ("malignant", "benign", "neither")
    }
    sections = merge_sections(default, {"dataset": dataset, "task": sides}, default)
    return render_parameters(sections, defaults.decode("utf-8"))
