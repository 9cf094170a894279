"""Fetching a published dataset whole."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from lesions.errors import InputError
from lesions.fetching.catalogue import CATALOGUE, RemoteFile
from lesions.fetching.download import download_file, remove_download
from lesions.fetching.listing import list_files
from lesions.fetching.unpack import unpack_archive
from lesions.formats.lock import hold_or_refuse
from lesions.hardware.disk import check_writable


def fetch_dataset(name: str, folder: Path, mirror: str | None) -> None:
    """Say under which licence a dataset is published, download what is not there yet, and say how to go on.

    Downloads wait in `<folder>.download`, beside the folder, so that all that is in it is whole.

    Raises
    ------
    InputError
        If there is no dataset of this name, if a file of it cannot be downloaded or unpacked, or if another process
        fetches into the same folder.
    """
    if name not in CATALOGUE:
        raise InputError(f"there is no dataset {name!r} to fetch; there are {', '.join(CATALOGUE)}")
    folder = folder.resolve()
    dataset = CATALOGUE[name]
    print(f"{dataset.title}\n  from     {dataset.page}\n  licence  {dataset.licence}\n  cite     {dataset.citation}")
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with (
        hold_downloads(folder) as waiting,
        Progress(*columns, TimeRemainingColumn(), console=console, disable=not console.is_terminal) as progress,
    ):
        for file in list_files(dataset, mirror):
            _fetch_file(file, folder, waiting, progress)
    print(
        f"to keep it in DVC:   dvc add {shlex.quote(str(folder))}\n"
        f"to train on it next: see `dataset` in params.yaml, names: [{name}]"
    )


def _fetch_file(file: RemoteFile, folder: Path, waiting: Path, progress: Progress) -> None:
    """Download and unpack a file, unless its product is there already; leave nothing of it in `waiting`."""
    product = folder / (file.unpacked or file.name)
    hidden, others = _list_entries(product)
    if others and file.member is not None and not (product / file.member).is_file():
        raise InputError(
            f"{product}: is not empty, and has no {file.member}; name another folder by --into, or move away what is "
            "in it"
        )
    if product.is_file() or others:
        print(f"{product} is there already")
    else:
        arrived = download_file(file, waiting, progress)
        if file.unpacked is not None:
            arrived = waiting / f"{file.name}.unpacked"
            unpack_archive(waiting / file.name, arrived)
        product.parent.mkdir(parents=True, exist_ok=True)
        for path in hidden:  # only an empty folder can be replaced
            path.replace(arrived / path.name)
        arrived.replace(product)
        print(f"{product}: done")
    remove_download(file, waiting)


def _list_entries(folder: Path) -> tuple[list[Path], list[Path]]:
    """Return what a folder holds: what systems and git put there, whose names are hidden, and all else."""
    entries = [*folder.iterdir()] if folder.is_dir() else []
    hidden = [path for path in entries if path.name.startswith(".")]
    return hidden, [path for path in entries if path not in hidden]


@contextmanager
def hold_downloads(folder: Path) -> Iterator[Path]:
    """Yield the folder in which downloads into a folder wait, for this process alone; remove it if it is empty then.

    Raises
    ------
    InputError
        If another process has it.
    """
    waiting = folder.with_name(f"{folder.name}.download")
    lock = waiting / ".lock"
    check_writable(folder / "dataset", lock)
    waiting.mkdir(parents=True, exist_ok=True)
    try:
        with hold_or_refuse(lock, f"fetching into {folder}"):
            yield waiting
    finally:
        with suppress(OSError):  # what is not ours stays, and what a next call continues from
            waiting.rmdir()
