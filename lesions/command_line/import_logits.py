"""`lesions import-logits`."""

import re
from typing import Annotated

import typer

from lesions.command_line.options import PARAMS
from lesions.errors import InputError, quote_value
from lesions.parameters.overlay import lay_over


def import_logits(
    experiment: Annotated[str, typer.Argument(help="An experiment, a branch, a tag or a commit.")],
    model: Annotated[
        str | None, typer.Option(help="A network of it; by default its best model on validation.")
    ] = None,
    name: Annotated[
        str | None, typer.Option("--as", help="The name for ensembles here; by default MODEL_EXPERIMENT.")
    ] = None,
) -> None:
    """Copy a network's logits from an experiment, so that an ensemble of this run can have it as a member.

    The network is refused if it was trained on, or validated with, an image whose group is tested here.
    """
    # These import DVC; the other commands start without it.
    from lesions.experiments.candidates import find_candidates
    from lesions.experiments.imports import import_logits
    from lesions.parameters.combinations import read_imported
    from lesions.parameters.models import read_scored
    from lesions.project.revisions import WORKSPACE
    from lesions.tables.imported import read_about
    from lesions.tables.paths import ImportedPaths

    imported, scored = read_imported(PARAMS), read_scored(PARAMS)
    (candidate,) = find_candidates([experiment if model is None else f"{experiment}:{model}"], [])
    if candidate.commit == WORKSPACE:
        raise InputError(f"{quote_value(experiment)} is a model of the workspace, which needs no import")
    name = name or re.sub(r"[^A-Za-z0-9_]", "_", f"{candidate.model}_{experiment}")
    if not re.fullmatch("[A-Za-z0-9_]+", name):
        raise InputError(f"--as: expected letters, digits and underscores, got {quote_value(name)}")
    if name in scored:
        raise InputError(f"--as: {name} is the name of a model or an ensemble here; choose another")
    if name in imported and ImportedPaths(name).about.is_file():
        before = read_about(ImportedPaths(name)).origin
        if (before.revision, before.model) != (candidate.commit, candidate.model):
            raise InputError(
                f"--as: {name} has been imported from {before.model} of {before.revision[:7]}; choose another name, "
                f"or first remove it from imported in {PARAMS}"
            )
    member, sha256 = import_logits(candidate, name)
    lay_over(PARAMS, {"imported": {**imported, name: sha256}})
    if member.note:
        print(member.note)
    print(
        f"data/imported/{name} has the logits of {candidate.model} of {experiment} for "
        f"{len(member.predictions.images):,} images, and {PARAMS} has their hash; add {name} to the members of an "
        "ensemble, and commit data/imported with params.yaml"
    )
