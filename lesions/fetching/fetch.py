"""Fetching a published dataset whole."""

import shutil
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from lesions.errors import InputError
from lesions.fetching.catalogue import CATALOGUE, list_files
from lesions.fetching.download import download_file
from lesions.fetching.unpack import unpack_archive


def fetch_dataset(name: str, folder: Path, mirror: str | None) -> None:
    """Say under which licence a dataset is published, download what is not there yet, and say how to go on."""
    folder = folder.resolve()
    waiting = folder.with_name(f"{folder.name}.download")
    if name not in CATALOGUE:
        raise InputError(f"there is no dataset {name!r} to fetch; there are {', '.join(CATALOGUE)}")
    dataset = CATALOGUE[name]
    print(f"{dataset.title}\n  from     {dataset.page}\n  licence  {dataset.licence}\n  cite     {dataset.citation}")
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console, disable=not console.is_terminal) as progress:
        for file in list_files(dataset, mirror):
            product = folder / (file.unpacked or file.name)
            if product.exists():
                print(f"{product} is there already")
                continue
            # Beside the folder, so that all that is in it is whole, whenever this is stopped.
            arrived = download_file(file, waiting, progress)
            if file.unpacked is not None:
                unpack_archive(arrived, waiting / "unpacked")
                arrived.unlink()
                arrived = waiting / "unpacked"
            product.parent.mkdir(parents=True, exist_ok=True)
            arrived.replace(product)
            print(f"{product}: done")
    if waiting.exists():
        shutil.rmtree(waiting)
    print(
        f"to keep it in DVC:   dvc add {folder}\nto train on it next: see `dataset` in params.yaml, names: [{name}]"
    )
