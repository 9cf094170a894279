"""Making a repository of one's own: git, DVC, the pipeline, and the parameters of one's own data."""

import shutil
import subprocess
import sys
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from lesions.errors import InputError
from lesions.formats.atomic import atomic_path, write_text
from lesions.preflight.datasets import check_datasets
from lesions.preflight.findings import Findings
from lesions.project.git import run_git, try_git
from lesions.repository.description import Description, compose_own
from lesions.repository.shipped import DEFAULTS, TEMPLATES
from lesions.stage.package import LOCK, write_lock

PARAMS, README = "params.yaml", "README.md"

DVC_SETTINGS = "[core]\n    analytics = false\n"

DATA, RAW = "data", "raw"
"""What may be in the folder before: images in `data/raw/`."""

MOST_NAMED = 10


def create_repository(
    folder: Path, description: Description, files: Mapping[str, bytes], *, in_git: bool
) -> Findings:
    """Make a repository in a folder, and return what is known of its data.

    Everything is checked before anything is written, and no file is overwritten.

    Parameters
    ----------
    folder
        A folder that is new, or that has nothing but `data/raw/`.
    files
        What the package ships, from `list_shipped`.
    in_git
        Whether the folder belongs to a git repository that is there already.

    Raises
    ------
    InputError
        If something is in the way, if there is no git, or if the data cannot be used; the message says what is wrong.
    """
    check_free(folder)
    check_git(folder, in_git=in_git)
    findings = check_data(description, files[DEFAULTS])
    folder.mkdir(parents=True, exist_ok=True)
    if not in_git:
        run_git("init", "--quiet", "--initial-branch", "main", folder=folder)
    _init_dvc(folder, *(["--subdir"] if in_git else []))
    write_text(folder / ".dvc/config", DVC_SETTINGS)
    write_files(folder, files)
    write_text(folder / PARAMS, compose_own(description, files[DEFAULTS], _spell_root(description, folder)))
    write_text(folder / README, (TEMPLATES / README).read_text(encoding="utf-8"))
    write_lock(folder / LOCK, {name: sha256(content).hexdigest() for name, content in files.items()})
    return findings


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files as they were shipped, byte by byte."""
    for name, content in files.items():
        with atomic_path(folder / name) as temporary:
            temporary.write_bytes(content)


def check_free(folder: Path) -> None:
    """Raise InputError, with what is in the way, unless a folder is new or has nothing but images in `data/raw/`."""
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is a file; name a new or an empty folder")
    found = [*folder.iterdir()] if folder.is_dir() else []
    in_way = [path for path in found if path.name != DATA or not path.is_dir()]
    in_way += [path for path in found if path not in in_way for path in path.iterdir() if path.name != RAW]
    if in_way:
        names = sorted(path.relative_to(folder).as_posix() for path in in_way)
        named = ", ".join(names[:MOST_NAMED]) + (f" and {len(names) - MOST_NAMED} more" if names[MOST_NAMED:] else "")
        raise InputError(
            f"{folder}: is not empty: {named}; nothing is overwritten: name a new folder, or one that has nothing "
            f"but images in {DATA}/{RAW}/"
        )


def check_git(folder: Path, *, in_git: bool) -> None:
    """Raise InputError if there is no git, or if a folder is in a git repository and should not be, or is not."""
    if shutil.which("git") is None:
        raise InputError("git: there is no such program on the PATH; install git, which keeps code and results")
    existing = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.is_dir())
    above = (try_git("rev-parse", "--show-toplevel", folder=existing) or b"").decode().strip()
    if above and not in_git:
        raise InputError(
            f"{folder}: is in the git repository {above}; name a folder elsewhere, or give --subdirectory to make it "
            "a folder of that repository"
        )
    if in_git and not above:
        raise InputError(f"--subdirectory: {folder} is in no git repository; leave the option out")


def check_data(description: Description, defaults: bytes) -> Findings:
    """Read every row and every name of the data as a run will, and raise InputError for what would stop it."""
    findings = Findings()
    with TemporaryDirectory(prefix="lesions-init-") as temporary:
        params = Path(temporary, PARAMS)
        write_text(params, compose_own(description, defaults, str(description.root)))
        check_datasets(params, findings)
    findings.problems = [problem.replace(f"{params}: ", "") for problem in findings.problems]
    findings.raise_problems()
    return findings


def _spell_root(description: Description, folder: Path) -> str:
    """Return `dataset.root`: relative if the images are in the repository, so that it is the same in each clone."""
    folder = folder.resolve()
    inside = description.root.is_relative_to(folder)
    return (description.root.relative_to(folder) if inside else description.root).as_posix()


def _init_dvc(folder: Path, *options: str) -> None:
    command = [sys.executable, "-m", "dvc", "init", "--quiet", *options]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise InputError(f"{' '.join(command)}: {' '.join(done.stderr.split())}")
