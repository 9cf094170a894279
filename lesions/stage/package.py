"""The package `lesions` of a project: a folder of the project, or installed, at the version in `lesions.lock`."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path, PurePosixPath

from lesions.errors import InputError, quote_value
from lesions.formats.json_file import read_json, write_json
from lesions.formats.sha256 import hash_file

NAME = "lesions"

SITE = Path(__file__).parents[2]
"""The folder in which the package that runs is."""

LOCK = Path("lesions.lock")
"""What a repository that uses the installed package has instead of a folder of that name."""

SHIPPED = Path(NAME, "repository", "shipped")
"""Where a wheel has the files that `lesions init` copies; they are no code of the package."""

SOURCE_SUFFIXES = (".py", ".j2")
"""Files that count as code; `.dvcignore` hides all others from DVC."""

SCHEMA = 1


@dataclass(frozen=True)
class PackageLock:
    """`lesions.lock`: which package a repository uses, and what it brought into the repository.

    Attributes
    ----------
    version
        The version of the package.
    package_sha256
        The hash of all its code.
    files
        The sha256 of each file as the package shipped it, by its path in the repository.
    """

    version: str
    package_sha256: str
    files: dict[str, str]
    schema: int = SCHEMA


def read_lock(path: Path) -> PackageLock:
    """Read `lesions.lock`; raise InputError if the file is missing or `write_lock` did not write it."""
    try:
        lock = PackageLock(**read_json(path))
    except FileNotFoundError as error:
        raise InputError(f"{path}: there is no such file; `lesions init` makes a repository that has it") from error
    except TypeError as error:
        raise InputError(f"{path}: not what `lesions init` writes; take it from the last commit") from error
    if lock.schema != SCHEMA or not isinstance(lock.files, dict):
        raise InputError(f"{path}: not what `lesions init` of lesions {version(NAME)} writes; install lesions anew")
    for name in lock.files:
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise InputError(f"{path}: files: {quote_value(name)} is outside the repository")
    return lock


def write_lock(path: Path, files: dict[str, str]) -> None:
    """Write `lesions.lock` for the package that runs."""
    write_json(path, asdict(PackageLock(version(NAME), hash_package(), files)))


def uses_installed(root: Path) -> bool:
    """Return whether a project uses the installed package; otherwise it has the code in a folder of its own."""
    return (root / LOCK).is_file()


def check_installed(root: Path) -> None:
    """Raise InputError if a project uses the installed package, and another one is installed than its lock says."""
    if not uses_installed(root):
        return
    lock = read_lock(root / LOCK)
    if lock.package_sha256 != hash_package():
        raise InputError(
            f"{LOCK}: this repository uses lesions {lock.version}, and the installed lesions {version(NAME)} has "
            "other code; install that version again, or run `lesions update`"
        )


def hash_package() -> str:
    """Return a hash of the code of the package that runs: of the path and the bytes of each file."""
    lines = [f"{hash_file(path)}  {path.relative_to(SITE).as_posix()}\n" for path in sorted(_list_sources())]
    return sha256("".join(lines).encode()).hexdigest()


def find_source(file: str) -> Path:
    """Return where a file of the current project's code is, by its path as `trace_code` writes it."""
    is_installed = Path(file).parts[0] == NAME and uses_installed(Path())
    return SITE / file if is_installed else Path(file)


def _list_sources() -> Iterator[Path]:
    for path in (SITE / NAME).rglob("*"):
        if path.suffix in SOURCE_SUFFIXES and not path.is_relative_to(SITE / SHIPPED):
            yield path
