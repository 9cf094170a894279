"""Finding what is wrong with the objects in a place: first by their sizes, then by their contents."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from lesions.stage.progress import show_progress
from lesions.storage.failure import describe_failure
from lesions.storage.objects import FOLDER, Recorded
from lesions.storage.places import Entry, Place
from lesions.storage.read_log import ReadLog

MAX_UNREAD = 10
"""So many objects may fail to be read before the others are not asked for."""


class Fault(StrEnum):
    """What is wrong with an object."""

    MISSING = "missing"
    TRUNCATED = "truncated"
    TOO_LONG = "too long"
    CORRUPTED = "corrupted"
    UNSTEADY = "two readings differ"


@dataclass
class Survey:
    """What is known of the objects in one place.

    Attributes
    ----------
    place
        The place.
    entries
        The objects that are there.
    faults
        What is wrong, by object.
    whole
        The objects that were read and are what their names say.
    unread
        Why an object could not be read, by object.
    num_resumed
        How many of those that are whole were read by an earlier, stopped run.
    """

    place: Place
    entries: dict[str, Entry]
    faults: dict[str, Fault] = field(default_factory=dict)
    whole: set[str] = field(default_factory=set)
    unread: dict[str, str] = field(default_factory=dict)
    num_resumed: int = 0

    def has(self, name: str) -> bool:
        """Return whether an object is there, and nothing wrong is known of it."""
        return name in self.entries and name not in self.faults and name not in self.unread

    def find_size(self, name: str) -> int | None:
        """Return the bytes of an object; None if it is not there, or if the server does not say."""
        return self.entries[name].size if name in self.entries else None


def survey_place(place: Place, recorded: Recorded) -> Survey:
    """Return which objects a place lacks, and which have another size than is recorded."""
    survey = Survey(place, place.list_entries(recorded.objects))
    for name, stored in recorded.objects.items():
        if name not in survey.entries:
            survey.faults[name] = Fault.MISSING
        elif fault := _compare_sizes(survey.find_size(name), stored.size):
            survey.faults[name] = fault
    return survey


def _compare_sizes(size: int | None, recorded: int | None) -> Fault | None:
    if size is None or recorded is None or size == recorded:
        return None
    return Fault.TRUNCATED if size < recorded else Fault.TOO_LONG


def list_suspects(recorded: Recorded, remote: Survey, cache: Survey) -> tuple[set[str], set[str]]:
    """Return the objects of remote and cache that have to be read, because something about their sizes is wrong.

    The lock records the size of a folder as a whole: where two places have different sizes of one of its files, or
    where its files do not add up, only their contents tell which is wrong. A list of files that is whole in no place
    is suspicious too.
    """
    unlisted = {name for name in recorded.objects if name.endswith(FOLDER)} - {each.name for each in recorded.folders}
    differing = {
        name
        for name in remote.entries.keys() & cache.entries.keys()
        if recorded.objects[name].size is None
        and _compare_sizes(remote.find_size(name), cache.find_size(name)) is not None
    }
    of_remote, of_cache = (_list_uneven(recorded, survey, differing) for survey in (remote, cache))
    return of_remote | differing | unlisted, of_cache | differing | unlisted


def _list_uneven(recorded: Recorded, survey: Survey, explained: set[str]) -> set[str]:
    """Return the files of folders that are all there, and whose sizes do not add up to the recorded one."""
    uneven: set[str] = set()
    for folder in recorded.folders:
        sizes = [survey.find_size(name) for name in folder.members]
        known = [size for size in sizes if size is not None]
        is_explained = not explained.isdisjoint(folder.members)
        if folder.size is not None and len(known) == len(sizes) and not is_explained and sum(known) != folder.size:
            uneven |= {*folder.members}
    return uneven


def read_objects(survey: Survey, names: Iterable[str], log: ReadLog | None = None) -> None:
    """Read objects of a place, and note which are whole, corrupted or cannot be read.

    Those that a log of an earlier run holds are not read again.
    """
    waiting = {name for name in names if survey.has(name) and name not in survey.whole}
    read_before = {name for name in waiting if log and log.holds(survey.place, name, survey.entries[name])}
    survey.whole |= read_before
    survey.num_resumed += len(read_before)
    for name, outcome in _read_all(survey, waiting - read_before):
        if isinstance(outcome, Fault):
            survey.faults[name] = outcome
        elif outcome:
            survey.unread[name] = outcome
        else:
            survey.whole.add(name)
            if log:
                log.add(survey.place, name, survey.entries[name])
        if len(survey.unread) == MAX_UNREAD:
            break


def _read_all(survey: Survey, names: set[str]) -> Iterator[tuple[str, Fault | str | None]]:
    def read(name: str) -> Fault | str | None:
        try:
            return _read_object(survey.place, name, survey.find_size(name))
        except FileNotFoundError:
            return Fault.MISSING  # it was removed since it was listed
        except Exception as error:  # noqa: BLE001, libraries stumble over half an answer with errors of any kind
            return describe_failure(error)

    outcomes = survey.place.run(sorted(names), read)
    return show_progress(outcomes, f"reading what is on {survey.place.name}", total=len(names))


def _read_object(place: Place, name: str, size: int | None) -> Fault | None:
    """Read an object, and once more if it is not what its name says: the way here may corrupt it too."""
    expected = name.removesuffix(FOLDER)
    first = place.hash_object(name, size or 0)
    if first == expected:
        return None
    return Fault.CORRUPTED if place.hash_object(name, size or 0) == first else Fault.UNSTEADY


def name_by_size(survey: Survey, other: Survey) -> None:
    """Call a corrupted object truncated or too long where the other place has a whole one to compare with."""
    for name, fault in survey.faults.items():
        if fault is Fault.CORRUPTED and name in other.whole:
            survey.faults[name] = _compare_sizes(survey.find_size(name), other.find_size(name)) or fault
