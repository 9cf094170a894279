"""The section `export`: which models and ensembles become files, and what the files promise."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from pydantic import Field

from lesions.errors import InputError, cut_value
from lesions.parameters.combinations import read_combination, read_imported
from lesions.parameters.models import Name, read_ensembles, read_models
from lesions.parameters.section import read_section
from lesions.parameters.strict import Section


class ExportParameters(Section):
    """The section `export`.

    Attributes
    ----------
    models, ensembles
        Those that are exported.
    min_confidence
        The probability of the most probable class below which a model abstains.
    accepted_fraction
        The share of validation groups that are to be like the training images.
    max_drop
        The balanced accuracy on validation that int8 may lose; None: int8 is not tried.
    """

    models: tuple[Name, ...]
    ensembles: tuple[Name, ...]
    min_confidence: Annotated[float, Field(ge=0, le=1)]
    accepted_fraction: Annotated[float, Field(gt=0, lt=1)]
    max_drop: Annotated[float, Field(ge=0)] | None


def read_exports(params: Path) -> ExportParameters:
    """Read the section `export`.

    Raises
    ------
    InputError
        If it is missing or invalid; if it names what the run does not have, or names it twice; if an ensemble has an
        imported member, of which there is no network. The message says what to set.
    """
    section = read_section(params, "export", ExportParameters)
    _check_listed(params, "models", section.models, read_models(params))
    _check_listed(params, "ensembles", section.ensembles, read_ensembles(params))
    imported = read_imported(params)
    for ensemble in section.ensembles:
        for member in read_combination(params, ensemble).members:
            if member in imported:
                raise InputError(
                    f"{params}: export.ensembles: {ensemble} has the member {member}, which was imported as a table "
                    f"of logits without its network; take {ensemble} off export.ensembles"
                )
    return section


def _check_listed(params: Path, kind: str, exported: Sequence[str], listed: Sequence[str]) -> None:
    """Raise InputError if a name is there twice, or is not in the run's list of this kind."""
    for name in exported:
        if exported.count(name) > 1:
            raise InputError(f"{params}: export.{kind}: {name} is listed twice")
        if name not in listed:
            kept = [each for each in exported if each in listed] or listed
            raise InputError(
                f"{params}: export.{kind}: {cut_value(name)} is not in {kind}, so that there is nothing to export; "
                f"set it to names in {kind}, or to []: `-S 'export.{kind}=[{','.join(kept)}]'`"
            )
