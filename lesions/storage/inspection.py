"""Comparing what the lock records with what is on a remote and in the cache."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dvc.exceptions import DvcException
from dvc.repo import Repo

from lesions.errors import InputError
from lesions.fetching.request import hide_credentials
from lesions.project.revisions import open_project
from lesions.storage.advice import advise
from lesions.storage.failure import CHECKSUM_CURE, named_failures
from lesions.storage.faults import MAX_UNREAD, Fault, Survey, list_suspects, name_by_size, read_objects, survey_place
from lesions.storage.mending import mend_remote
from lesions.storage.objects import Recorded, StoredObject, read_recorded
from lesions.storage.places import Place
from lesions.storage.read_log import ReadLog
from lesions.storage.remotes import describe_unsafe, open_remote
from lesions.storage.runs import add_runs

LOGS = "lesions-storage"
"""The folder in `.dvc/tmp` of what stopped runs have read."""

CACHE = "the cache"


@dataclass(frozen=True)
class Finding:
    """An object that is not as it should be.

    Attributes
    ----------
    place
        Where: the remote's name, or the cache.
    stored
        The object, with the files that it holds.
    fault
        What is wrong with it.
    advice
        What to do.
    """

    place: str
    stored: StoredObject
    fault: Fault
    advice: str


@dataclass(frozen=True)
class Inspection:
    """What was found.

    Attributes
    ----------
    remote
        The remote, in words.
    findings
        Objects that are not as they should be.
    unsafe
        What is unsafe in DVC's settings.
    notes
        What else to know.
    problems
        What cannot be told.
    num_objects
        How many objects the lock needs.
    """

    remote: str
    findings: tuple[Finding, ...] = ()
    unsafe: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    num_objects: int = 0

    @property
    def exit_status(self) -> int:
        """0 if all is there, 1 if something is wrong, 2 if that cannot be told."""
        return 1 if self.findings or self.unsafe else 2 if self.problems else 0

    @property
    def headline(self) -> str:
        """The judgement in a few words."""
        if self.findings:
            return f"{len(self.findings):,} of {self.num_objects:,} objects are missing or wrong"
        if self.unsafe:
            return "the settings are unsafe"
        return "cannot tell" if self.problems else f"all {self.num_objects:,} objects are there"


def inspect_storage(
    name: str | None, *, contents: bool = False, runs: bool = False, mend: bool = False
) -> Inspection:
    """Compare what the project records with what is on a remote and in the cache.

    Parameters
    ----------
    name
        The remote; None for the default one.
    contents
        Whether to read every object in both places; otherwise only those whose sizes are suspicious are read.
    runs
        Whether to look for what earlier runs made too, as far as the cache has it.
    mend
        Whether to upload what is missing or wrong on the remote again, where the cache has it whole.

    Raises
    ------
    InputError
        If the remote does not answer, or if the project records nothing.
    """
    try:
        with open_project() as repo:
            remote = open_remote(repo, name)
            with named_failures(remote.name, remote.address):
                return _inspect(repo, remote, contents=contents, runs=runs, mend=mend)
    except DvcException as error:
        raise InputError(f"DVC cannot read the project: {error}") from error


def _inspect(repo: Repo, remote: Place, *, contents: bool, runs: bool, mend: bool) -> Inspection:
    cache = Place(CACHE, repo.cache.local)
    recorded = read_recorded(repo, (cache, remote), remote.name)
    if runs:
        add_runs(recorded, repo, cache)
    if not recorded.objects and not recorded.problems:
        raise InputError("dvc.lock and the .dvc files record nothing to store; `dvc repro` and `dvc add` do")
    of_remote, of_cache = survey_place(remote, recorded), survey_place(cache, recorded)
    if contents:
        _read_everything(recorded, of_remote, of_cache, log=Path(repo.tmp_dir, LOGS, _name_log(remote)))
    else:
        for survey, names in zip((of_remote, of_cache), list_suspects(recorded, of_remote, of_cache), strict=True):
            read_objects(survey, names)
    name_by_size(of_remote, of_cache)
    name_by_size(of_cache, of_remote)
    mended = mend_remote(of_remote, of_cache) if mend else 0
    notes = [*recorded.notes, *_describe_extent(recorded, of_remote, of_cache)]
    if Fault.MISSING in of_remote.faults.values() and repo.config["remote"][remote.name].get("endpointurl"):
        notes.append(f"if `dvc push` fails with a word about checksums: {CHECKSUM_CURE}")
    return Inspection(
        remote=f"{remote.name} ({hide_credentials(remote.address)})",
        findings=tuple(_list_findings(recorded, of_remote, of_cache)),
        unsafe=tuple(describe_unsafe()),
        notes=(*notes, f"uploaded again from the cache, and read back: {mended:,} objects") if mend else tuple(notes),
        problems=(*recorded.problems, *_list_unread(recorded, of_remote), *_list_unread(recorded, of_cache)),
        num_objects=len(recorded.objects),
    )


def _read_everything(recorded: Recorded, of_remote: Survey, of_cache: Survey, *, log: Path) -> None:
    """Read every object; what a stopped run has read is read again only after all of it was read once."""
    with ReadLog(log) as read:
        for survey in (of_cache, of_remote):
            read_objects(survey, recorded.objects, read)
    if not of_remote.unread and not of_cache.unread:
        read.remove()


def _name_log(remote: Place) -> str:
    return hashlib.sha256(remote.address.encode()).hexdigest()[:16] + ".jsonl"


def _list_findings(recorded: Recorded, of_remote: Survey, of_cache: Survey) -> Iterator[Finding]:
    """Yield what is wrong, by the first file that it concerns; an object that the cache lacks is not wrong there."""
    for name, stored in sorted(recorded.objects.items(), key=lambda item: (item[1].files[0].path, item[0])):
        for survey in (of_remote, of_cache):
            fault = survey.faults.get(name)
            if fault is not None and (survey is of_remote or fault is not Fault.MISSING):
                advice = advise(recorded, of_remote, of_cache, name=name, in_cache=survey is of_cache)
                yield Finding(survey.place.name, stored, fault, advice)


def _list_unread(recorded: Recorded, survey: Survey) -> Iterator[str]:
    for name, reason in sorted(survey.unread.items()):
        file = recorded.objects[name].files[0]
        yield f"{file.stage}: {file.path} ({name}) could not be read from {survey.place.name}: {reason}"
    if len(survey.unread) == MAX_UNREAD:
        yield f"after {MAX_UNREAD} that could not be read, no other object of {survey.place.name} was asked for"


def _describe_extent(recorded: Recorded, of_remote: Survey, of_cache: Survey) -> Iterator[str]:
    """Yield how the objects of the remote with which nothing is wrong were compared, and how many the cache lacks."""
    right = {name for name in of_remote.entries if of_remote.has(name)}
    sized = {name for name in right if recorded.objects[name].size is not None or of_cache.has(name)}
    for folder in recorded.folders:
        if folder.size is not None and right.issuperset(folder.members):
            sized |= {*folder.members}
    numbers = {
        "by content": len(of_remote.whole),
        "by size": len(sized - of_remote.whole),
        "only by presence, as no size is recorded": len(right - sized - of_remote.whole),
    }
    ways = ", ".join(f"{number:,} {way}" for way, number in numbers.items() if number)
    resumed = f" ({of_remote.num_resumed:,} by a run that was stopped)" if of_remote.num_resumed else ""
    yield f"compared on {of_remote.place.name} and right: {ways or 'none'}{resumed}"
    if not of_remote.entries:
        yield (
            f"none of the objects is on {of_remote.place.name}: was anything pushed there, is the URL right, and is "
            "the bucket or the network folder there"
        )
    lacking = sum(fault is Fault.MISSING for fault in of_cache.faults.values())
    if lacking:
        yield f"{lacking:,} objects are not in the cache here, which is no fault; `dvc pull` fetches them"
