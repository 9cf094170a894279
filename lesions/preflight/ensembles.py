"""Checking what ensembles are made of, before anything runs."""

from pathlib import Path

from lesions.errors import InputError
from lesions.evaluation.imported_members import read_all_images, read_imported_member
from lesions.parameters.combinations import CombinationParameters, read_combination, read_combinations, read_imported
from lesions.parameters.models import read_ensembles
from lesions.parameters.section import read_parameters
from lesions.preflight.findings import Findings
from lesions.tables.classes import read_classes
from lesions.tables.imported import read_about
from lesions.tables.paths import ImportedPaths
from lesions.tables.run_files import CLASSES, METADATA, SPLITS

ENSEMBLE_SECTIONS = ("combinations", "ensembles", "imported")


def check_ensembles(params: Path, findings: Findings) -> None:
    """Check all sections about ensembles, those of unlisted ones too, and the imported tables that are used."""
    missing = [name for name in ENSEMBLE_SECTIONS if name not in read_parameters(params)]
    findings.problems += [f"{params}: {name} is missing; without ensembles it is empty" for name in missing]
    with findings.collect():
        read_combinations(params)
    ensembles: dict[str, CombinationParameters] = {}
    with findings.collect():
        for name in read_ensembles(params):
            with findings.collect():
                ensembles[name] = read_combination(params, name)
    if ensembles:
        findings.rows["ensembles"] = "; ".join(
            f"{name} of {', '.join(each.members)}, weights {each.weights}" for name, each in ensembles.items()
        )
    with findings.collect():
        used = {member for each in ensembles.values() for member in each.members}
        for name, sha256 in read_imported(params).items():
            if name in used:
                with findings.collect():
                    read_about(ImportedPaths(name), sha256)
                    findings.doubts += doubt_membership(ImportedPaths(name))


def doubt_membership(paths: ImportedPaths) -> list[str]:
    """Return why an imported network cannot be a member with the split that there is, or what is unknown about it.

    The run may be about to make another split, so this is no problem before the stage `combine`.
    """
    if not all(path.is_file() for path in (METADATA, SPLITS, CLASSES)):
        return []
    try:
        member = read_imported_member(paths, read_all_images(METADATA, SPLITS), read_classes(CLASSES))
    except InputError as error:
        return [f"with the split in {SPLITS}, {error}"]
    return [member.note] if member.note else []
