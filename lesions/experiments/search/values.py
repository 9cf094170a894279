"""Checking a search space against the parameters that it varies, before the first trial."""

import copy
import itertools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import prod
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from lesions.errors import InputError, cut_value
from lesions.experiments.search.space import SearchSpace
from lesions.networks.parameters import read_architecture
from lesions.parameters.models import read_models
from lesions.parameters.renamed import describe_unknown
from lesions.parameters.section import load_parameters
from lesions.training.recipe import SHARED, list_overridden

VARIED = (*SHARED, "class_weights")
"""The shared sections that a search may vary; all others decide which images there are and how they count."""

LOSSES = ("loss", "sampling", "class_weights")
"""The sections that change what the loss of an epoch means."""

MAX_COMBINATIONS = 64
"""Combinations of lowest and highest values and choices to check; of more, so many are drawn at random."""

Check = Callable[[Path], Sequence[str]]
"""Returns what is wrong with a parameter file."""


def check_space(path: Path, space: SearchSpace, params: Path, check: Check) -> None:
    """Refuse a space with parameters that do not exist, or with values that the pipeline would not take.

    Parameters
    ----------
    path
        The file of the space, for messages.
    params
        The parameter file; it is only read.
    check
        Says what is wrong with a parameter file.

    Raises
    ------
    InputError
        The message names the file, the parameter and the value.
    """
    if problems := check(params):
        raise InputError("; ".join(problems))
    _check_model(path, space, params)
    parameters = load_parameters(params)
    for name in _list_named(space):
        _check_name(path, name, space.settings.model)
        _find_place(path, parameters, name)
        if name in list_overridden(params, space.settings.model):
            own = f"architectures.{space.settings.model}.recipe.{name}"
            raise InputError(f"{path}: parameters.{name}: has no effect, because {own} overrides it; name that")
    _check_apart(path, space)
    _check_pruning(path, space)
    _check_values(path, space, parameters, check)


def lay_values(parameters: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of all parameters with other values; names lead into sections and, by numbers, into lists."""
    laid = copy.deepcopy(dict(parameters))
    for name, value in values.items():
        *folders, last = name.split(".")
        place: Any = laid
        for key in folders:
            place = place[int(key) if isinstance(place, list) else key]
        place[int(last) if isinstance(place, list) else last] = value
    return laid


def count_epochs(params: Path, model: str) -> int:
    """Return the epochs of a model's training in the parameter file, in all phases together."""
    return sum(phase.num_epochs for phase in read_architecture(params, model).phases)


def _check_model(path: Path, space: SearchSpace, params: Path) -> None:
    models = read_models(params)
    if space.settings.model not in models:
        raise InputError(
            f"{path}: search.model: {space.settings.model} is none of the models of {params}: {', '.join(models)}"
        )


def _check_name(path: Path, name: str, model: str) -> None:
    """Refuse a parameter that decides which images there are, how they count, or what is chance."""
    if name == "training.seed":
        raise InputError(f"{path}: parameters.{name}: is chance; `lesions repeat` trains with several seeds")
    if name.split(".")[0] in VARIED or name.startswith(f"architectures.{model}."):
        return
    raise InputError(
        f"{path}: parameters.{cut_value(name)}: a search may vary architectures.{model} and parameters of "
        f"{', '.join(VARIED)}; others change the validation images or what is computed from them"
    )


def _list_named(space: SearchSpace) -> list[str]:
    """Return the full names of all parameters that the space sets, those in its sections too."""
    return list(
        dict.fromkeys(
            name for key, domain in space.domains.items() for end in domain.ends for name in space.spread({key: end})
        )
    )


def _find_place(path: Path, parameters: Mapping[str, Any], name: str) -> None:
    """Refuse a parameter that is not there."""
    place: Any = parameters
    for key in name.split("."):
        if isinstance(place, list) and key.isdecimal() and int(key) < len(place):
            place = place[int(key)]
        elif isinstance(place, Mapping) and key in place:
            place = place[key]
        else:
            raise InputError(f"{path}: parameters.{describe_unknown(cut_value(name))}")


def _check_apart(path: Path, space: SearchSpace) -> None:
    """Refuse two entries that set the same parameter, or one a part of what the other sets."""
    named = {name: _list_named(SearchSpace(space.settings, {name: domain})) for name, domain in space.domains.items()}
    for (first, here), (second, there) in itertools.permutations(named.items(), 2):
        for name, other in itertools.product(here, there):
            if f"{other}.".startswith(f"{name}."):
                raise InputError(f"{path}: parameters.{second}: sets {other}, which {first} sets too")


def _check_pruning(path: Path, space: SearchSpace) -> None:
    """Refuse to prune by losses that differ in what they mean."""
    if space.settings.pruner.kind == "none" or space.settings.objectives[0] != "log_loss":
        return
    for name in space.domains:
        if {*name.split(".")} & {*LOSSES}:
            raise InputError(
                f"{path}: parameters.{name}: changes the loss that is known after each epoch, so that trials cannot "
                "be pruned by it; set search.pruner.kind to none, or objectives to [balanced_accuracy]"
            )


def _check_values(path: Path, space: SearchSpace, parameters: Mapping[str, Any], check: Check) -> None:
    """Refuse values that the pipeline does not take, by themselves or together."""
    refused: dict[int, Sequence[str]] = {}
    combinations = list(_list_combinations([domain.ends for domain in space.domains.values()]))
    for number, values in enumerate(combinations):
        settings = space.spread(dict(zip(space.domains, values, strict=True)))
        if problems := check_values(parameters, space.fixed | settings, check):
            refused[number] = problems
    if not refused:
        return
    for place, name in enumerate(space.domains):
        for value in space.domains[name].ends:
            with_it = [number for number, values in enumerate(combinations) if values[place] == value]
            if all(number in refused for number in with_it):
                raise InputError(f"{path}: parameters.{name}: {_spell(value)}: {'; '.join(refused[with_it[0]])}")
    number, problems = next(iter(refused.items()))
    together = ", ".join(
        f"{name} {_spell(value)}" for name, value in zip(space.domains, combinations[number], strict=True)
    )
    raise InputError(
        f"{path}: parameters: {together} do not go together: {'; '.join(problems)}; a choice of sections can hold "
        "what goes together"
    )


def check_values(parameters: Mapping[str, Any], values: Mapping[str, Any], check: Check) -> Sequence[str]:
    """Return what is wrong with parameters that have some other values."""
    with TemporaryDirectory() as folder:
        file = Path(folder, "params.yaml")
        file.write_text(json.dumps(lay_values(parameters, values)), encoding="utf-8")
        return [problem.replace(str(file), file.name) for problem in check(file)]


def _list_combinations(ends: Sequence[Sequence[Any]]) -> Iterator[tuple[Any, ...]]:
    """Yield all combinations of one value of each parameter, or, of very many, some in which each value occurs."""
    if prod(map(len, ends)) <= MAX_COMBINATIONS:
        yield from itertools.product(*ends)
        return
    random = np.random.default_rng(0)
    for number in range(max(MAX_COMBINATIONS, *map(len, ends))):
        yield tuple(values[number if number < len(values) else int(random.integers(len(values)))] for values in ends)


def _spell(value: object) -> str:
    return cut_value(value if isinstance(value, str) else json.dumps(value))
