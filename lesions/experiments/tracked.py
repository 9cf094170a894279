"""Whether an experiment in a folder of its own would see the workspace as it is."""

from collections.abc import Iterator
from pathlib import Path

from dvc.output import Output
from dvc.repo import Repo

from lesions.errors import InputError
from lesions.experiments.differences import name_some
from lesions.experiments.inputs import list_added, read_current_inputs
from lesions.project.git import run_git


def check_tracked(repo: Repo) -> None:
    """Refuse code and data that git and DVC do not track as they are now.

    An experiment in a folder of its own gets the files that git tracks, as they are, and the data that DVC tracks, as
    they were added.

    Raises
    ------
    InputError
        The message names the files, and the command that adds them.
    """
    inputs = read_current_inputs(repo)
    read = [path for path in inputs.data if not Path(path).is_absolute()]
    of_data = [out for out in list_added(repo) if any(_overlap(out, path) for path in read)]
    for out in of_data:
        name = Path(out.fs_path).relative_to(repo.root_dir).as_posix()
        for how in out.status().values():
            raise InputError(
                f"{name}: is {how}, and an experiment in a folder of its own sees what was added: `dvc add {name}` "
                f"adds it as it is now, `dvc checkout {name}` brings back what was added"
            )
    for path in read:
        if not Path(repo.root_dir, path).resolve().is_relative_to(repo.scm.root_dir):
            raise InputError(
                f"{path}: is outside the git repository; an experiment in a folder of its own needs an absolute path"
            )
    unseen = [*inputs.code, *(path for path in read if not any(_overlap(out, path) for out in of_data))]
    definitions = [str(out.stage.relpath) for out in of_data]
    if lost := sorted(_list_untracked([*unseen, *definitions])):
        raise InputError(
            f"git does not track {name_some(lost)}, so that an experiment in a folder of its own lacks it; add code "
            "and small files with `git add`, and data with `dvc add`"
        )


def _overlap(out: Output, path: str) -> bool:
    """Return whether one of two paths is in the other."""
    here, there = Path(out.fs_path), Path(out.repo.root_dir, path)
    return here.is_relative_to(there) or there.is_relative_to(here)


def _list_untracked(paths: list[str]) -> Iterator[str]:
    """Yield the files at or below paths that git does not track, whether or not it ignores them."""
    listed = run_git("--literal-pathspecs", "ls-files", "-z", "--others", "--", *paths)
    yield from filter(None, listed.decode().split("\0"))
