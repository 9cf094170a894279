"""The sections `combinations` and `imported`: what each ensemble is made of."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, TypeAdapter, ValidationError, model_validator

from lesions.errors import InputError, quote_value
from lesions.parameters.models import Name, read_ensembles, read_models
from lesions.parameters.section import read_parameters, read_section
from lesions.parameters.strict import Section

Weights = Literal["equal", "fitted"]

_IMPORTED = TypeAdapter(dict[Name, Annotated[str, Field(pattern="^[0-9a-f]{64}$")]])


class CombinationParameters(Section):
    """A section of `combinations`.

    Attributes
    ----------
    members
        Models of the run, or names of `imported`.
    weights
        equal, or fitted on validation.
    """

    members: Annotated[tuple[str, ...], Field(min_length=1)]
    weights: Weights

    @model_validator(mode="after")
    def _fitted_weights_weigh_several(self) -> Self:
        if self.weights == "fitted" and len(self.members) == 1:
            raise ValueError(f"weights fitted belongs to several members; got {self.members[0]} alone")
        return self


def read_combination(params: Path, ensemble: str) -> CombinationParameters:
    """Read what an ensemble is made of.

    Raises
    ------
    InputError
        If the section is missing or invalid, or if a member is there twice, is an ensemble, or is no model.
    """
    combination = read_section(params, f"combinations.{ensemble}", CombinationParameters)
    where, members = f"{params}: combinations.{ensemble}.members", combination.members
    known = [*read_models(params), *read_imported(params)]
    for member in members:
        if members.count(member) > 1:
            raise InputError(f"{where}: {member} is listed twice")
        if member in read_ensembles(params):
            raise InputError(f"{where}: {member} is an ensemble; name its members instead")
        if member not in known:
            raise InputError(
                f"{where}: {quote_value(member)} is neither in models nor in imported; there are {', '.join(known)}"
            )
    return combination


def read_combinations(params: Path) -> dict[str, CombinationParameters]:
    """Read all sections of `combinations`, those of unlisted ensembles too, whose members may be unlisted."""
    sections = read_parameters(params).get("combinations") or {}
    if not isinstance(sections, dict):
        raise InputError(f"{params}: combinations: expected a section, got {sections!r:.80}")
    return {name: read_section(params, f"combinations.{name}", CombinationParameters) for name in map(str, sections)}


def list_members(params: Path) -> dict[str, tuple[str, ...]]:
    """Return the members of each listed ensemble."""
    return {ensemble: read_combination(params, ensemble).members for ensemble in read_ensembles(params)}


def read_imported(params: Path) -> dict[str, str]:
    """Read the section `imported`: the sha256 of each imported table of logits, by its name.

    Raises
    ------
    InputError
        If a name is impossible or that of a model or an ensemble, or if a value is no sha256.
    """
    section = read_parameters(params).get("imported") or {}
    try:
        imported = _IMPORTED.validate_python(section, strict=True)
    except ValidationError as error:
        raise InputError(
            f"{params}: imported: expected names with a sha256 of 64 digits each, got {section!r:.80}; "
            "`lesions import-logits` writes them"
        ) from error
    for name in imported:
        if name in [*read_models(params), *read_ensembles(params)]:
            raise InputError(f"{params}: imported.{name}: is the name of a model or an ensemble; choose another")
    return imported
