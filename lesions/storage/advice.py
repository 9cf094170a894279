"""What to do about an object that is missing or wrong."""

from lesions.storage.faults import Fault, Survey
from lesions.storage.objects import File, Recorded
from lesions.storage.runs import RUNS

MEND = "`lesions storage --mend`"
MEND_RUNS = "`lesions storage --runs --mend`"


def advise(recorded: Recorded, of_remote: Survey, of_cache: Survey, *, name: str, in_cache: bool) -> str:
    """Return what to do about an object of the remote, or of the cache.

    Parameters
    ----------
    recorded
        All objects.
    of_remote, of_cache
        What is known of them in both places.
    name
        The object.
    in_cache
        Whether the one in the cache is wrong.
    """
    file = recorded.objects[name].files[0]
    if in_cache:
        path = of_cache.place.locate(name)
        again = "`dvc pull`" if of_remote.has(name) else _make_again(file)
        return f"delete {path}, then {again}"
    if file.stage == RUNS:
        return MEND_RUNS
    if not of_cache.has(name):
        return f"{MEND} on a machine whose cache has it, or {_make_again(file)} and `dvc push`"
    if of_remote.faults[name] is Fault.MISSING and not _is_listed(recorded, of_remote, name):
        return "`dvc push`"
    return MEND


def _make_again(file: File) -> str:
    if file.stage == RUNS:
        return "the same run once more"
    if file.stage.endswith(".dvc"):
        return f"put the right files at {file.stage.removesuffix('.dvc')} and `dvc commit {file.stage}`"
    return f"`dvc repro --force {file.stage}`"


def _is_listed(recorded: Recorded, of_remote: Survey, name: str) -> bool:
    """Return whether the list of a folder with an object is on the remote.

    DVC takes it that all files of such a folder are there too: `dvc push` would leave the missing ones out.
    """
    return any(name in folder.members and folder.name in of_remote.entries for folder in recorded.folders)
