"""The records of DVC's run cache: which objects earlier runs made, so that their stages need not run again."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dvc.repo import Repo
from dvc.schema import COMPILED_LOCK_FILE_STAGE_SCHEMA
from dvc.utils.serialize import YAMLFileCorruptedError, load_yaml
from voluptuous import Invalid

from lesions.storage.objects import File, Recorded
from lesions.storage.places import Place

RUNS = "the run cache"
"""Stands for the stage of an object that only an earlier run made."""


def add_runs(recorded: Recorded, repo: Repo, cache: Place) -> None:
    """Add the objects of all recorded runs that the cache has.

    `dvc push --run-cache` pushes the records alone. Without these objects another machine runs each stage again; the
    metrics among them, which git has, are never pushed otherwise.
    """
    num_absent = 0
    for out in _list_outputs(recorded, Path(repo.stage_cache.cache_dir)):
        name, file = str(out.get("md5")), File(RUNS, str(out["path"]))
        if out.get("hash") != "md5" or name in recorded.objects:
            continue
        if cache.find_size(name) is None:
            num_absent += 1
            continue
        recorded.add_output(name, file, out.get("size"), places=(cache,))
    if num_absent:
        recorded.notes.append(
            f"{num_absent:,} outputs of earlier runs are in the cache no more; they are not looked for"
        )


def _list_outputs(recorded: Recorded, folder: Path) -> Iterator[dict[str, Any]]:
    """Yield what each run wrote; what is no record is a problem."""
    for path in sorted(folder.glob("*/*/*")):
        try:
            yield from COMPILED_LOCK_FILE_STAGE_SCHEMA(load_yaml(str(path))).get("outs", ())
        except (Invalid, YAMLFileCorruptedError) as error:
            recorded.problems.append(f"{path} is no record of a run that DVC wrote: {type(error).__name__}")
