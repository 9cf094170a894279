"""Combine the logits of several networks into one table, which is scored like the logits of a network.

    python -m stages.combine --code data/code/combine.json --ensemble both --logits data/logits --recipes data/recipes
        --metadata data/metadata.csv --splits data/splits.csv --classes data/classes.json
        --imported data/imported --combined data/ensembles/both.csv --weights metrics/both/ensemble.json

It trains nothing, and takes a few seconds.
"""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from lesions.evaluation.ensembles import Combination, Member, combine_members
from lesions.evaluation.imported_members import read_all_images, read_imported_member
from lesions.evaluation.members import align_members
from lesions.evaluation.parameters import EvaluationParameters
from lesions.parameters.combinations import CombinationParameters, read_combination, read_imported
from lesions.parameters.section import read_section
from lesions.stage.run import run_stage
from lesions.tables.classes import Classes, read_classes
from lesions.tables.ensembles import Ensemble, write_ensemble
from lesions.tables.imported import Origin
from lesions.tables.paths import ImportedPaths
from lesions.tables.predictions import read_logits, write_logits
from lesions.tables.splits import DROPPED
from lesions.training.prior_shift import compute_prior_shift
from lesions.training.recipe import read_recipe


def main(
    ensemble: Annotated[str, typer.Option(help="The name of the ensemble.")],
    logits: Annotated[Path, typer.Option(help="Folder with the raw logits of each network.")],
    recipes: Annotated[Path, typer.Option(help="Folder with the settings that each network was trained with.")],
    metadata: Annotated[Path, typer.Option(help="One validated row per image.")],
    splits: Annotated[Path, typer.Option(help="image_id, group_id, split.")],
    classes: Annotated[Path, typer.Option(help="Classes, training images and weights.")],
    combined: Annotated[Path, typer.Option(help="Written: the combined logits, one row per image.")],
    weights: Annotated[Path, typer.Option(help="Written: the weight and the temperature of each member.")],
    imported: Annotated[Path, typer.Option(help="Folder of the imported tables.")] = Path("data/imported"),
    params: Annotated[Path, typer.Option(help="The parameter file.")] = Path("params.yaml"),
) -> None:
    """Combine the members of an ensemble, each calibrated on validation, and weigh them as its section says."""
    section = read_combination(params, ensemble)
    calibration = read_section(params, "evaluation", EvaluationParameters).calibration
    known, own = read_classes(classes), read_all_images(metadata, splits)
    hashes, tables, prior_shifts, origins = read_imported(params), {}, {}, {}
    for name in section.members:
        if name in hashes:
            member = read_imported_member(ImportedPaths(name, imported), own, known, sha256=hashes[name])
            tables[name], prior_shifts[name], origins[name] = member.predictions, member.prior_shift, member.origin
            if member.note:
                print(member.note)
        else:
            recipe = read_recipe(recipes / f"{name}.json")
            tables[name] = read_logits(logits / f"{name}.csv")
            prior_shifts[name] = compute_prior_shift(known, recipe.loss, recipe.sampling)
    aligned = align_members(tables, own[own.split != DROPPED], known)
    members = [Member(predictions, prior_shifts[name]) for name, predictions in aligned.items()]
    combination = combine_members(members, section.weights, calibration)
    write_logits(combined, replace(members[0].predictions, logits=combination.logits))
    summary = summarise_combination(combination, section, known, origins)
    write_ensemble(weights, summary)
    print(f"{ensemble} is {summary}")


def summarise_combination(
    combination: Combination, section: CombinationParameters, known: Classes, origins: dict[str, Origin]
) -> Ensemble:
    """Return the weight, the temperature and the origin of each member, and the prior shift of each class."""
    pool = combination.pool
    return Ensemble(
        section.weights,
        weight=dict(zip(section.members, pool.weights.tolist(), strict=True)),
        temperature=dict(zip(section.members, (1 / pool.scales).tolist(), strict=True)),
        prior_shift=dict(zip(known.classes, combination.prior_shift.tolist(), strict=True)),
        imported=origins,
    )


if __name__ == "__main__":
    run_stage(main)
