"""`data/code/<stage>.json`: the code that a stage reaches, as written by the stage `trace_code`."""

from dataclasses import asdict, dataclass
from pathlib import Path

from lesions.errors import InputError
from lesions.formats.json_file import read_json, write_json
from lesions.formats.sha256 import hash_file
from lesions.stage.package import check_installed, find_source


@dataclass(frozen=True)
class Code:
    """The code that decides, together with data and parameters, what a stage computes.

    Attributes
    ----------
    files
        The sha256 of each file of the project that the stage reaches, by its path below the project's root.
    packages
        The version of each third-party package that these files import, by its normalised name.
    """

    files: dict[str, str]
    packages: dict[str, str]


def write_code(path: Path, code: Code) -> None:
    """Write `data/code/<stage>.json`."""
    write_json(path, asdict(code))


def read_code(path: Path) -> Code:
    """Read `data/code/<stage>.json`; raise InputError if the file is missing or `write_code` did not write it."""
    try:
        content = read_json(path)
        return Code(files=dict(content["files"]), packages=dict(content["packages"]))
    except FileNotFoundError as error:
        raise InputError(f"{path}: there is no such file; run `dvc repro trace_code`") from error
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path}: not what trace_code writes; run `dvc repro --force trace_code`") from error


def check_code_unchanged(path: Path) -> None:
    """Refuse to continue if a file has changed since `trace_code` ran.

    DVC knows the code of a stage only from `data/code/<stage>.json`. Without this check, an edit that is made after
    `trace_code` and undone before the next `dvc repro` would leave a result of code that exists nowhere.

    Parameters
    ----------
    path
        The stage's `data/code/<stage>.json`; the paths in it are relative to the current folder, or to where the
        package is installed.

    Raises
    ------
    InputError
        If a file was changed or removed; the message names it. Or if another package is installed than `lesions.lock`
        says.
    """
    for file, sha256 in read_code(path).files.items():
        source = find_source(file)
        if not source.is_file() or hash_file(source) != sha256:
            check_installed(Path())
            raise InputError(f"{file}: changed since trace_code ran; run dvc repro again")
