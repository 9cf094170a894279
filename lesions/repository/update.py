"""Bringing a later version of the package into a repository, beside what its owners have changed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import unified_diff
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from lesions.errors import InputError
from lesions.parameters.differences import list_changed
from lesions.parameters.section import load_parameters, parse_parameters
from lesions.project.git import try_git
from lesions.repository.creation import write_files
from lesions.repository.shipped import DEFAULTS
from lesions.stage.package import LOCK, read_lock, write_lock

NEW_SUFFIX = ".new"


class Action(StrEnum):
    """What is done with a file, in words."""

    ADD = "added"
    REPLACE = "replaced: nobody had changed it here"
    REMOVE = "removed: nobody had changed it here, and the new version has none"
    MERGE = "merged: both sides had changed it, in different lines"
    KEEP = f"kept as it is: both sides have changed it; the new version is beside it, in the file with {NEW_SUFFIX}"
    LEAVE = "kept as it is: the new version has none"
    ABSENT = f"not restored: it was removed here; the new version is in the file with {NEW_SUFFIX}"


@dataclass(frozen=True)
class Step:
    """What an update does with one file.

    Attributes
    ----------
    name
        Its path in the repository.
    action
        What is done.
    content
        What is written; None: nothing is.
    ours, theirs
        The differences from the version as it was shipped, where both sides have some, as unified diffs.
    """

    name: str
    action: Action
    content: bytes | None = None
    ours: str = ""
    theirs: str = ""

    @property
    def target(self) -> str:
        """The path that is written or removed."""
        return self.name + NEW_SUFFIX if self.action in (Action.KEEP, Action.ABSENT) else self.name


def plan_update(root: Path, shipped: Mapping[str, bytes]) -> list[Step]:
    """Return what an update would do, for each file that differs between the two versions; nothing is written.

    Parameters
    ----------
    root
        The repository.
    shipped
        The files of the version that is installed now.

    Raises
    ------
    InputError
        If a file that would be changed has changes that are not committed.
    """
    known = read_lock(root / LOCK).files
    steps = [step for name in sorted({*known, *shipped}) for step in _plan_file(root, name, known, shipped)]
    if changed := _list_uncommitted(root, [name for step in steps for name in (step.name, step.target)]):
        raise InputError(
            f"{', '.join(changed)}: not as in the last commit; commit first, so that git can undo an update"
        )
    return steps


def apply_update(root: Path, steps: list[Step], shipped: Mapping[str, bytes]) -> None:
    """Write what was planned, and the lock last."""
    for step in steps:
        if step.content is not None:
            write_files(root, {step.target: step.content})
        elif step.action is Action.REMOVE:
            (root / step.name).unlink()
    write_lock(root / LOCK, {name: _hash(content) for name, content in shipped.items()})


def list_new_defaults(root: Path, shipped: Mapping[str, bytes]) -> list[str]:
    """Return the parameters whose defaults differ between the repository and the installed version."""
    return list_changed(load_parameters(root / DEFAULTS), parse_parameters(shipped[DEFAULTS], DEFAULTS))


def _plan_file(root: Path, name: str, known: Mapping[str, str], shipped: Mapping[str, bytes]) -> Iterator[Step]:
    base, theirs = known.get(name), shipped.get(name)
    path = root / name
    ours = path.read_bytes() if path.is_file() else None
    if (theirs is not None and base == _hash(theirs)) or ours == theirs:
        return  # the new version brings nothing, or what is here already
    if ours is None:
        yield Step(name, Action.ADD if base is None else Action.ABSENT, theirs)
    elif theirs is None:
        yield Step(name, Action.REMOVE if _hash(ours) == base else Action.LEAVE)
    elif _hash(ours) == base:
        yield Step(name, Action.REPLACE, theirs)
    else:
        yield _merge(root, name, ours, theirs, base)


def _merge(root: Path, name: str, ours: bytes, theirs: bytes, base: str | None) -> Step:
    """Merge a file that both sides have changed, if git still has the version that was shipped."""
    shipped = _find_version(root, name, base) if base else None
    if shipped is None:
        return Step(name, Action.KEEP, theirs, theirs=_compare(ours, theirs, name))
    differences = (_compare(shipped, ours, name), _compare(shipped, theirs, name))
    with TemporaryDirectory() as folder:
        paths = [Path(folder, side) for side in ("ours", "shipped", "theirs")]
        for path, content in zip(paths, (ours, shipped, theirs), strict=True):
            path.write_bytes(content)
        merged = try_git("merge-file", "--stdout", *map(str, paths), folder=root)
    if merged is None:
        return Step(name, Action.KEEP, theirs, *differences)
    return Step(name, Action.MERGE, merged, *differences)


def _find_version(root: Path, name: str, wanted: str) -> bytes | None:
    """Return the version of a file with a hash from the history of git, or None."""
    for commit in (try_git("log", "--format=%H", "--", name, folder=root) or b"").decode().split():
        content = try_git("show", f"{commit}:./{name}", folder=root)
        if content is not None and _hash(content) == wanted:
            return content
    return None


def _list_uncommitted(root: Path, names: list[str]) -> list[str]:
    listed = try_git("status", "--porcelain", "-z", "--", *names, folder=root) if names else None
    return [entry[3:] for entry in (listed or b"").decode().split("\0") if entry]


def _compare(before: bytes, after: bytes, name: str) -> str:
    old, new = (text.decode("utf-8", errors="replace").splitlines(keepends=True) for text in (before, after))
    return "".join(unified_diff(old, new, name, name))


def _hash(content: bytes) -> str:
    return sha256(content).hexdigest()
