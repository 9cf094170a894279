"""What speaks against a release: each check yields its reasons, so that all are known at once."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dvc.exceptions import DvcException

from lesions.errors import InputError
from lesions.experiments.differences import name_some
from lesions.exporting.parity import BATCH_SIZES, TOLERANCE
from lesions.formats.json_file import read_json
from lesions.parameters.exports import read_exports
from lesions.parameters.section import read_section
from lesions.preflight.reruns import find_reruns
from lesions.project.git import ask_git
from lesions.project.revisions import open_project
from lesions.registry.manifest import MODEL
from lesions.registry.tags import Artifact, Tag, find_versions
from lesions.registry.versions import order_version
from lesions.release.gating import describe_failures, judge_beside_release
from lesions.release.licences import find_forbidding
from lesions.release.place import find_head, find_upstream, list_remote
from lesions.report.about import AboutParameters
from lesions.serving.onnx_file import read_onnx_file
from lesions.storage.inspection import CACHE, inspect_storage
from lesions.tables.paths import ModelPaths

PIPELINE = "dvc.yaml"


@dataclass(frozen=True)
class Candidate:
    """What is to be released.

    Attributes
    ----------
    artifact
        The model or the ensemble.
    version
        Its new version.
    tags
        The model's tags so far, the oldest first.
    params
        The parameter file.
    """

    artifact: Artifact
    version: str
    tags: Sequence[Tag]
    params: Path

    @property
    def paths(self) -> ModelPaths:
        """Where the files of the model are."""
        return ModelPaths(self.artifact.name)

    @property
    def exported(self) -> Path:
        """The exported file."""
        return self.paths.export / MODEL

    @property
    def last(self) -> Tag | None:
        """The tag of the highest version so far, or None."""
        return next(iter(reversed(find_versions(self.tags).values())), None)


def list_obstacles(candidate: Candidate) -> list[str]:
    """Return every reason against a release, in words.

    Raises
    ------
    InputError
        If the model is not exported, so that there is nothing to release.
    """
    exports = read_exports(candidate.params)
    if candidate.artifact.name not in (*exports.models, *exports.ensembles):
        raise InputError(
            f"{candidate.artifact.name} is not exported; {candidate.params} exports "
            f"{', '.join([*exports.models, *exports.ensembles]) or 'nothing'} (export.models, export.ensembles)"
        )
    checks = (
        *(check_order, check_clean, check_pushed, check_entry, check_lock, check_stored),
        *(check_gate, check_parity, check_file),
    )
    return [reason for check in checks for reason in _collect(check, candidate)]


def check_order(candidate: Candidate) -> Iterator[str]:
    """Yield that a version so far is not lower, if so."""
    if candidate.last is None:
        return
    last = str(candidate.last.version)
    if order_version(candidate.version) <= order_version(last):
        yield f"the version {candidate.version} is not higher than {last}, which is released"


def check_clean(candidate: Candidate) -> Iterator[str]:
    """Yield the files that are not committed, if there are any."""
    listed = ask_git("status", "--porcelain", "--untracked-files=normal").splitlines()
    if listed:
        yield f"the workspace has what is not committed ({name_some([line[2:].strip() for line in listed])})"


def check_pushed(candidate: Candidate) -> Iterator[str]:
    """Yield what of git the remote does not have, or has and this repository does not."""
    upstream, head = find_upstream(), find_head()
    remote = list_remote(upstream, candidate.artifact)
    there = remote.pop(upstream.branch, None)
    if there != head:
        yield (
            f"{upstream.branch} on {upstream.remote} is at {(there or 'no commit')[:10]}, and the workspace at "
            f"{head[:10]}: `git push`, or `git pull` what is there"
        )
    here = ask_git("for-each-ref", "--format=%(refname:strip=2)", "refs/tags").split("\n")
    unknown = sorted({name.removeprefix("refs/tags/") for name in remote}.difference(here))
    if unknown:
        yield f"{upstream.remote} has tags that are not here ({name_some(unknown)}): `git fetch --tags`"


def check_entry(candidate: Candidate) -> Iterator[str]:
    """Yield the lines that dvc.yaml lacks, if it does not list the model under `artifacts`."""
    with open_project() as repo:
        entry = repo.artifacts.read().get(PIPELINE, {}).get(candidate.artifact.name)
    if entry is None:
        yield f"{PIPELINE} does not list it under artifacts; add there:\n{spell_entry(candidate)}"
    elif (entry.path, entry.type) != (candidate.exported.as_posix(), "model"):
        yield (
            f"artifacts.{candidate.artifact.name} in {PIPELINE} has the path {entry.path} and the type {entry.type}; "
            f"it must have path: {candidate.exported.as_posix()} and type: model"
        )


def spell_entry(candidate: Candidate) -> str:
    """Return the lines for `artifacts` in dvc.yaml."""
    return (
        f"  {candidate.artifact.name}:\n"
        f"    path: {candidate.exported.as_posix()}\n"
        "    type: model\n"
        "    labels: [skin-lesion, image-classification]\n"
        "    desc: What it is and for whom, in a sentence."
    )


def check_lock(candidate: Candidate) -> Iterator[str]:
    """Yield the stages that `dvc repro` would run, if there are any."""
    with open_project() as repo:
        reasons = find_reruns(repo)
    if reasons:
        named = name_some([f"{stage}: {', '.join(why)}" for stage, why in reasons.items()])
        yield f"dvc.lock is not of these files: `dvc repro` would run {named}"


def check_stored(candidate: Candidate) -> Iterator[str]:
    """Yield what of the export is not as it should be on DVC's remote.

    `dvc status --cloud` would not do: once the list of a folder is there, it does not look for the folder's files.
    """
    inspection = inspect_storage(None)
    for finding in inspection.findings:
        paths = (Path(file.path) for file in finding.stored.files)
        files = [str(path) for path in paths if path.is_relative_to(candidate.paths.export)]
        if files and finding.place != CACHE:
            yield f"DVC's remote: {name_some(files)}: {finding.fault}; {finding.advice}"
    yield from (f"DVC's remote: {problem}" for problem in inspection.problems)


def check_gate(candidate: Candidate) -> Iterator[str]:
    """Yield why the gate does not pass, beside the last release or, if there is none, by its floors."""
    last = candidate.last
    name = f"beside {last.text}" if last else "by its floors (there is no release yet)"
    judgement = judge_beside_release(candidate.artifact.name, last.commit if last else None, candidate.params)
    for failure in describe_failures(judgement):
        yield f"the gate, {name}: {failure}"


def check_parity(candidate: Candidate) -> Iterator[str]:
    """Yield how far the exported file is from its networks, if too far, or that the figures are of another file."""
    source = candidate.paths.metrics_file("export")
    figures = read_json(source)
    for name in (f"largest_difference_at_{size}" for size in BATCH_SIZES):
        value = figures.get(name)
        if not isinstance(value, float | int) or not value <= TOLERANCE:
            yield f"{source}: {name} is {value}, and {TOLERANCE:g} is the largest difference that is rounding"
    if figures.get("num_bytes") != candidate.exported.stat().st_size:
        yield f"{source}: is not of {candidate.exported}, which has another size"


def check_file(candidate: Candidate) -> Iterator[str]:
    """Yield what the exported file says of itself that forbids a release."""
    _, manifest = read_onnx_file(candidate.exported)
    if manifest.model != candidate.artifact.name:
        yield f"{candidate.exported}: is the file of {manifest.model}"
    if not manifest.scores:
        yield f"{candidate.exported}: was exported while the test images were sealed, so that it has no scores"
    about = read_section(candidate.params, "about", AboutParameters)
    yield from find_forbidding(manifest.licences, about.licence)


def _collect(check: Callable[[Candidate], Iterable[str]], candidate: Candidate) -> Iterator[str]:
    """Yield the reasons of a check; that it cannot be made is a reason too."""
    try:
        yield from check(candidate)
    except (InputError, OSError) as error:
        yield str(error)
    except DvcException as error:
        yield f"DVC: {' '.join(str(error).split())}"
