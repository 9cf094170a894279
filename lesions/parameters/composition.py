"""Applying presets to the defaults, while the user's sections `about`, `dataset` and `task` are kept."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lesions.errors import InputError
from lesions.parameters.merging import check_names, is_section, merge_sections
from lesions.parameters.overlay import copy_section, render_parameters
from lesions.parameters.presets import DEFAULT, Preset, read_chain
from lesions.parameters.section import load_parameters

KEPT = {"about": "intended_use", "dataset": "names", "task": "name"}
"""The sections that describe the user's data and model, and the key with which a preset replaces such a section."""

Sections = Mapping[str, Any]


def compose_parameters(
    params: Path,
    names: Sequence[str],
    folder: Path,
    *,
    root: str | None = None,
    dataset: str | None = None,
    reset: bool = False,
) -> tuple[dict[str, Any], str]:
    """Apply presets to the defaults.

    Sealed test images stay sealed: only `lesions unseal` ends that, because it says so in a file.

    Parameters
    ----------
    params
        The current parameter file; it is only read.
    names
        The presets, in the order in which they are applied.
    folder
        The folder of the presets, which contains default.yaml.
    root
        The dataset's folder; None if it is known already.
    dataset
        The dataset to use instead of that of the presets, or None. One of `dataset.sources` stands for the whole
        section as it is.
    reset
        Whether to discard the current sections `about`, `dataset` and `task` too.

    Returns
    -------
    tuple
        The parameters, and the text of the parameter file.

    Raises
    ------
    InputError
        If a preset does not exist or sets an unknown parameter, or if the folder or the layout of the dataset is
        unknown.
    """
    present, default = load_parameters(params), load_parameters(folder / DEFAULT)
    own = {} if reset else {name: present[name] for name in KEPT if is_section(present.get(name))}
    chain = read_chain(names, folder)
    if dataset is not None:
        chain = _serve_dataset(dataset, chain, own.get("dataset", {}), params=params, folder=folder)
    begun_anew = {name for preset in chain for name in _list_begun_anew(preset)}
    kept = {name: section for name, section in own.items() if name not in begun_anew}
    sections = _lay_presets(default | kept, default, chain)
    if is_section(present.get("split")) and present["split"].get("seal") is True:
        sections["split"] = sections["split"] | {"seal": True}
    if root is None and "dataset" in begun_anew:
        root = _find_root(sections["dataset"], own.get("dataset", {}), default["dataset"], params=params)
    if root is not None:
        sections["dataset"] = sections["dataset"] | {"root": root}
    layout = (folder / DEFAULT).read_text(encoding="utf-8")
    for name in kept:
        # A section that the user has changed keeps its own comments and layout.
        if kept[name] != default[name]:
            layout = copy_section(name, params.read_text(encoding="utf-8"), layout)
    return sections, render_parameters(sections, layout)


def _lay_presets(sections: Sections, default: Sections, chain: Sequence[Preset]) -> dict[str, Any]:
    """Apply presets to sections, one after the other."""
    laid, known = dict(sections), dict(default)
    for preset in chain:
        check_names(preset.overlay, known, preset.path)
        # A replaced section must keep no parameter of the previous dataset.
        laid |= {name: default[name] for name in _list_begun_anew(preset)}
        laid = merge_sections(laid, preset.overlay, known)
        # A preset may change networks and ensembles that an earlier preset has added.
        known |= {name: laid[name] for name in ("architectures", "combinations")}
    return laid


def _list_begun_anew(preset: Preset) -> list[str]:
    """Return the sections of `KEPT` that a preset replaces."""
    sections = {name: preset.overlay.get(name) for name in KEPT}
    return [name for name, section in sections.items() if is_section(section) and KEPT[name] in section]


def _serve_dataset(
    dataset: str, chain: Sequence[Preset], own: Sections, *, params: Path, folder: Path
) -> list[Preset]:
    """Remove the section `dataset` from presets, and add the preset of another dataset unless it is the user's."""
    without = [
        replace(preset, overlay={name: value for name, value in preset.overlay.items() if name != "dataset"})
        for preset in chain
    ]
    if own.get("names") == [dataset] or dataset in _list_sources(own):
        return without
    if not (folder / f"datasets/{dataset}.yaml").is_file():
        known = ", ".join(sorted(path.stem for path in (folder / "datasets").glob("*.yaml")))
        raise InputError(
            f"{params}: dataset.names is not [{dataset}], and there is no {folder}/datasets/{dataset}.yaml that says "
            f"how to read it; describe it in the section dataset first, or choose one of {known}"
        )
    return [*without, *read_chain([f"datasets/{dataset}"], folder)]


def _find_root(section: Sections, own: Sections, default: Sections, *, params: Path) -> str:
    """Return the folder of a dataset: the one that the section sets, or else the current one of the same dataset."""
    if section["root"] != default["root"] or _list_names(section) == _list_names(default):
        return section["root"]
    if _list_names(section) == _list_names(own) and own.get("root", default["root"]) != default["root"]:
        return own["root"]
    raise InputError(
        f"{params}: dataset.root: the folder of {', '.join(_list_names(section))} is unknown; add --root FOLDER"
    )


def _list_sources(section: Sections) -> list[Any]:
    """Return the names of the user's own datasets; an invalid section is refused when it is read."""
    return [source.get("name") for source in section.get("sources") or [] if is_section(source)]


def _list_names(section: Sections) -> list[str]:
    return [*section.get("names", []), *section.get("external", [])]
