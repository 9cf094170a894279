"""Finding the folder of the project that the current folder belongs to."""

import os
from pathlib import Path

DVC_FOLDER = ".dvc"
PIPELINE = "dvc.yaml"


def find_root(folder: Path) -> Path | None:
    """Return the project's folder, at or above a folder: the nearest with DVC's settings, if the pipeline is there.

    It need not be the root of the git repository. The result is None if the folder belongs to no such project.
    """
    with_settings = (path for path in (folder, *folder.parents) if (path / DVC_FOLDER).is_dir())
    nearest = next(with_settings, None)
    return nearest if nearest is not None and (nearest / PIPELINE).is_file() else None


def enter_root() -> Path:
    """Change to the project's folder, to which all paths of the pipeline are relative, and return the former folder.

    Outside a project, the current folder stays.
    """
    former = Path.cwd()
    root = find_root(former)
    if root is not None:
        os.chdir(root)
    return former
