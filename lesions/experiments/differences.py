"""Describing in what two runs differ, by the names of parameters and files."""

from typing import Any

from dvc.repo import Repo
from dvc_data.hashfile.hash_info import HashInfo
from dvc_data.hashfile.tree import Tree
from dvc_objects.errors import ObjectFormatError

from lesions.errors import cut_value
from lesions.experiments.inputs import Inputs
from lesions.parameters.differences import list_changed

MAX_NAMED = 4
"""Number of differences to name; the others are only counted."""


def list_changes(repo: Repo, first: Inputs, second: Inputs, *, but: str) -> list[str]:
    """Describe all in which two runs differ, leaving out one parameter."""
    return [*list_changed_parameters(first, second, but=but), *list_changed_files(repo, first, second)]


def list_changed_parameters(first: Inputs, second: Inputs, *, but: str) -> list[str]:
    """Describe each parameter but one that differs, such as `training.seed (0 and 7)`."""
    return [
        f"{name} ({cut_value(first.parameters.get(name))} and {cut_value(second.parameters.get(name))})"
        for name in sorted(list_changed(first.parameters, second.parameters))
        if name != but
    ]


def list_changed_files(repo: Repo, first: Inputs, second: Inputs) -> list[str]:
    """Describe each file of data or code, each package and each command that differs."""
    data = [
        name
        for path in sorted(list_changed(first.data, second.data))
        for name in _find_changed_files(repo, path, first.data.get(path), second.data.get(path))
    ]
    packages = [
        f"{name} ({first.packages.get(name)} and {second.packages.get(name)})"
        for name in sorted(list_changed(first.packages, second.packages))
    ]
    commands = [f"the command of {name} in dvc.yaml" for name in _find_changed_commands(first, second)]
    return [*data, *sorted(list_changed(first.code, second.code)), *packages, *commands]


def name_some(differences: list[str]) -> str:
    """Return the first differences as one text, and how many more there are."""
    more = len(differences) - MAX_NAMED
    return ", ".join(differences[:MAX_NAMED]) + (f" and {more} more" if more > 0 else "")


def _find_changed_commands(first: Inputs, second: Inputs) -> list[str]:
    """Return the stages with another command, and those that one run lacks, whatever its models and ensembles are."""
    in_both = first.commands.keys() & second.commands.keys()
    here, there = ({name for name in inputs.commands if "@" not in name} for inputs in (first, second))
    return sorted({name for name in in_both if first.commands[name] != second.commands[name]} | (here ^ there))


def _find_changed_files(repo: Repo, path: str, first: str | None, second: str | None) -> list[str]:
    """Return the files in a folder that differ; the folder itself if DVC's cache does not have its two lists."""
    if first is None or second is None:
        return [path]
    try:
        here, there = ({key: hash_info for key, _, hash_info in _load_folder(repo, md5)} for md5 in (first, second))
    except (FileNotFoundError, ObjectFormatError):
        return [path]
    names = (key for key in here.keys() | there.keys() if here.get(key) != there.get(key))
    return ["/".join([path, *key]) for key in sorted(names)]


def _load_folder(repo: Repo, md5: str) -> Any:
    return Tree.load(repo.cache.local, HashInfo("md5", md5))
