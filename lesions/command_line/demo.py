"""`lesions demo`."""

import shutil
import subprocess
import sys
import threading
import webbrowser
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from lesions.errors import InputError, cut_value
from lesions.formats.json_file import read_json
from lesions.service.app import build_app
from lesions.service.running import listen, run
from lesions.service.settings import Settings
from lesions.serving.model import load_model
from lesions.tables.paths import ModelPaths
from lesions.tables.run_files import CLASSES, IMAGES, METADATA, SPLITS, check_made

COMPARISON = Path("metrics/comparison.json")

MODEL = "model.onnx"

HOST = "127.0.0.1"


def demo(
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 for any that is free.")] = 8000,
    browser: Annotated[bool, typer.Option(help="Open the page.")] = True,
) -> None:
    """Serve the model that is best on validation on a page of this machine, and export it first if it is not."""
    best = ModelPaths(find_best())
    with TemporaryDirectory() as folder:
        exported = best if (best.export / MODEL).is_file() else export(best, Path(folder))
        loaded, settings = load_model(exported.export / MODEL), Settings()
    app, listening = build_app([loaded], settings), listen(HOST, port)
    address = f"http://{HOST}:{listening.getsockname()[1]}/"
    print(f"{loaded.id}, the best on validation, at {address}; Ctrl-C ends it", flush=True)
    if browser:
        # The socket listens already, so that the page waits until it is answered.
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
    run(app, listening, settings)


def find_best() -> str:
    """Return the name of the model that the comparison chose on validation.

    Raises
    ------
    InputError
        If nothing was compared yet.
    """
    check_made(COMPARISON)
    best = read_json(COMPARISON).get("best")
    if not isinstance(best, str) or not best.isidentifier():
        raise InputError(f"{COMPARISON}: best: expected the name of a model, got {cut_value(best)}; run `dvc repro`")
    return best


def link_folder(source: Path, target: Path) -> None:
    """Make a link to a folder; copy it where links need a right that this user lacks, as on Windows."""
    try:
        target.symlink_to(source, target_is_directory=True)
    except OSError:
        shutil.copytree(source, target)


def export(paths: ModelPaths, folder: Path) -> ModelPaths:
    """Export a model into a folder by the stage that does so, and return its paths there; the run stays as it is.

    Raises
    ------
    InputError
        If the stage fails, which has said why.
    """
    check_made(IMAGES, METADATA, SPLITS, CLASSES)
    print(f"exporting {paths.model}, which is not in export.models or export.ensembles", flush=True)
    copy = replace(paths, data=folder / "data", metrics=folder / "metrics")
    copy.data.mkdir()
    for name in ("calibrations", "checkpoints", "predictions"):
        link_folder((paths.data / name).absolute(), copy.data / name)
    shutil.copytree(paths.metrics, copy.metrics)
    files = {"code": paths.data / f"code/export@{paths.model}.json", "images": IMAGES, "metadata": METADATA}
    files |= {"splits": SPLITS, "classes": CLASSES, "data": copy.data, "metrics": copy.metrics}
    options = [part for name, path in files.items() for part in (f"--{name}", str(path))]
    command = [sys.executable, "-m", "stages.export", "--model", paths.model, *options]
    if subprocess.run(command, check=False).returncode:
        raise InputError(f"{paths.model} could not be exported, as is said above")
    return copy
