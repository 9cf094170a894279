"""From what the page was made: data, code and parameters by hash, versions, and how to make it again."""

import hashlib
import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from typing import Any

from lesions.datasets.parameters import DatasetParameters
from lesions.formats.sha256 import hash_file
from lesions.parameters.differences import list_changed
from lesions.parameters.section import read_parameters
from lesions.report.inputs import DataSummaries
from lesions.stage.code import read_code

MAX_VALUE = 80
"""Most characters of a parameter's value."""

SHOWN_PACKAGES = ("numpy", "pandas", "pillow", "scikit-learn", "scipy", "timm", "torch", "torchvision")


def describe_provenance(
    params: Path, defaults: Path, code: Path, dataset: DatasetParameters, about: DataSummaries
) -> dict[str, Any]:
    """Return all that the page says of its origin; of folders only the name, and no date.

    Parameters
    ----------
    params, defaults
        The parameter file, and that of the defaults.
    code
        The folder in which `trace_code` lists the code of each stage.
    """
    parameters = read_parameters(params)
    traced = [read_code(path) for path in sorted(code.glob("*.json"))]
    files = {name: digest for one in traced for name, digest in one.files.items()}
    packages = {name: number for one in traced for name, number in one.packages.items()}
    split = parameters.get("split", {})
    return {
        "provenance": {
            "data": f"{', '.join(dataset.all_names)}, in the folder {PurePosixPath(dataset.root).name or '/'}",
            "images and their table (sha256)": about.counts.metadata_sha256,
            "test images (sha256)": about.split.test_images_sha256,
            **{
                words: str(split[name])
                for name, words in {
                    "test_list_sha256": "list of test images (sha256)",
                    "keep_sha256": "earlier split (sha256)",
                }.items()
                if split.get(name)
            },
            f"code, {len(files):,} files (sha256)": _hash(files),
            "params.yaml (sha256)": hash_file(params),
            "seeds": f"split {split.get('seed')}, training {parameters.get('training', {}).get('seed')}",
            "versions in requirements.lock": ", ".join(
                [f"lesions {version('lesions')}"]
                + [f"{name} {packages[name]}" for name in SHOWN_PACKAGES if name in packages]
            ),
        },
        "changed": list_changed_values(parameters, read_parameters(defaults)),
    }


def list_changed_values(parameters: Mapping[str, Any], defaults: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return one row per parameter that differs from the default; paths are shown without their folders.

    The section `about` has a place of its own.
    """
    return [
        {"parameter": name, "value": _spell(parameters, name), "default": _spell(defaults, name)}
        for name in list_changed(defaults, parameters)
        if not name.startswith("about.")
    ]


def _spell(parameters: Mapping[str, Any], name: str) -> str:
    value: Any = parameters
    for key in name.split("."):
        if not isinstance(value, Mapping) or key not in value:
            return "–"
        value = value[key]
    text = json.dumps(_shorten(value), ensure_ascii=False, default=str)
    return text if len(text) <= MAX_VALUE else f"{text[: MAX_VALUE - 1]}…"


def _shorten(value: Any) -> Any:
    """Return a value in which each path is its last part: folders may be private."""
    if isinstance(value, Mapping):
        return {str(key): _shorten(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_shorten(item) for item in value]
    return PurePosixPath(value).name or value if isinstance(value, str) and "/" in value else value


def _hash(values: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()
