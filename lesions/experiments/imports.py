"""Copying a network's raw logits from another run, so that it can be a member of an ensemble."""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from dvc.api import DVCFileSystem

from lesions.errors import InputError, cut_value
from lesions.evaluation.imported_members import ImportedMember, read_all_images, read_imported_member
from lesions.evaluation.members import align_members
from lesions.experiments.candidates import Candidate
from lesions.experiments.inputs import NOT_IN_CACHE
from lesions.experiments.revisions import open_experiments
from lesions.formats.atomic import atomic_folder
from lesions.formats.json_file import read_json
from lesions.formats.sha256 import hash_file
from lesions.project.revisions import open_revision
from lesions.tables.calibrations import read_calibration
from lesions.tables.classes import read_classes
from lesions.tables.imported import Imported, Origin, write_about, write_images
from lesions.tables.paths import ImportedPaths, ModelPaths
from lesions.tables.run_files import CLASSES, METADATA, SPLITS, check_made
from lesions.tables.splits import DROPPED


def import_logits(candidate: Candidate, name: str) -> tuple[ImportedMember, str]:
    """Copy a network's raw logits into `data/imported/<name>/`, and let DVC track them.

    Parameters
    ----------
    candidate
        The network, at a revision.
    name
        The name under which ensembles are to know it.

    Returns
    -------
    tuple
        The logits, and the hash that `imported` in the parameter file needs.

    Raises
    ------
    InputError
        If the revision does not have them, or if the network cannot be a member of an ensemble of this run. Nothing
        is written then.
    """
    check_made(METADATA, SPLITS, CLASSES)
    with TemporaryDirectory() as folder:
        copied = ImportedPaths(name, Path(folder))
        copied.folder.mkdir()
        copy_run(candidate, copied)
        known, own = read_classes(CLASSES), read_all_images(METADATA, SPLITS)
        member = read_imported_member(copied, own, known)
        align_members({name: member.predictions}, own[own.split != DROPPED], known)
        paths = ImportedPaths(name)
        with atomic_folder(paths.folder) as temporary:
            shutil.copytree(copied.folder, temporary, dirs_exist_ok=True)
    with open_experiments() as repo:
        repo.add(str(paths.folder))
    return member, hash_file(paths.about)


def copy_run(candidate: Candidate, target: ImportedPaths) -> None:
    """Write the three files of an imported network from the files of its revision."""
    there = ModelPaths(candidate.model, Path("data"))
    with (
        open_experiments() as repo,
        open_revision(repo, candidate.commit) as files,
        TemporaryDirectory() as folder,
    ):
        copies = {
            path: copy_file(files, path, Path(folder, path.name), candidate)
            for path in (there.calibration, there.metrics_file("train"), METADATA, SPLITS, CLASSES)
        }
        copy_file(files, there.logits, target.logits, candidate)
        calibration, classes = read_calibration(copies[there.calibration]), read_classes(copies[CLASSES])
        images = read_all_images(copies[METADATA], copies[SPLITS])
        licence = read_json(copies[there.metrics_file("train")]).get("weights_licence")
    write_images(target.images, images)
    if hash_file(target.logits) != calibration.logits_sha256:
        raise InputError(
            f"{cut_value(candidate.name)}: {there.calibration} was not fitted to {there.logits}, so that the run did "
            "not end"
        )
    about = Imported(
        Origin(candidate.commit, candidate.model, licence),
        classes.classes,
        classes.diagnoses,
        calibration.prior_shift,
        logits_sha256=calibration.logits_sha256,
        images_sha256=hash_file(target.images),
    )
    write_about(target.about, about)


def copy_file(files: DVCFileSystem, path: Path, target: Path, candidate: Candidate) -> Path:
    """Copy a file of a revision, and return where it is; raise InputError if the revision or DVC does not have it."""
    where = cut_value(candidate.name)
    if not files.isfile(f"/{path.as_posix()}"):
        raise InputError(
            f"{where}: that revision has no {path}; name a network of it with --model: an ensemble has "
            "no logits of its own"
        )
    try:
        files.get(f"/{path.as_posix()}", str(target))
    except NOT_IN_CACHE as error:
        raise InputError(
            f"{where}: its {path} is not in DVC's cache; `dvc pull` or `dvc fetch --all-commits` may fetch it"
        ) from error
    return target
