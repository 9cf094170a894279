"""Measure how the memory of the stages that read every image grows with the number of images.

The images are synthetic, all different, and small, so that the growth with their number is easy to see. Anonymous
memory is what a stage allocates and what must fit. The rest of the resident memory is pages of files, code and the
memory-mapped `data/images.npy`, which the system can drop. The peer is the size of that file: the memory of a program
that reads all images at once.

    python -m benchmarks.measure_memory
"""

import io
import os
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import pandas as pd
import typer
from PIL import Image
from rich.console import Console
from rich.table import Table

from lesions.errors import InputError
from lesions.parameters.overlay import lay_over
from lesions.stage.code import Code, write_code
from lesions.stage.failure import one_paragraph_errors

ROOT = Path(__file__).parents[1]
DIAGNOSES = ("akiec", "bcc", "bkl", "df", "mel", "nv", "vasc")
OVERLAY = {
    "dataset": {"names": ["ham10000"], "root": "dataset"},
    "cache_images": {"size_px": 36},
    "training": {"batch_size": 256},
    "architectures": {
        "custom_cnn": {
            "widths": [8, 16],
            "size_px": 32,
            "phases": [
                {"name": "all", "num_epochs": 1, "layers": "all", "learning_rate_factor": 1, "backbone_factor": 1}
            ],
        }
    },
}
MEASURED = ("cache_images", "find_near_duplicates", "train")
"""The stages that read all images; the others only produce their inputs."""

STAGES = {
    "cache_images": "--images images.npy --index images.csv",
    "prepare_metadata": "--index images.csv --metadata metadata.csv --rejected rejected.csv --metrics data.json",
    "find_near_duplicates": "--images images.npy --metadata metadata.csv --pairs pairs.csv --metrics pairs.json "
    "--picture pairs.png",
    "split_by_patient": "--metadata metadata.csv --near-duplicates pairs.csv --splits splits.csv "
    "--metrics split.json --shares-plot shares.json --characteristics characteristics.json",
    "compute_class_weights": "--metadata metadata.csv --splits splits.csv --classes classes.json "
    "--distribution distribution.png",
    "resolve_recipes": "--recipes recipes --pretraining pretraining",
    "train": "--code code.json --model custom_cnn --recipe recipes/custom_cnn.json "
    "--images images.npy --metadata metadata.csv --splits splits.csv "
    "--classes classes.json --pretrained pretrained --checkpoint network.safetensors --metrics train.json "
    "--history history.json --machine machine.json",
}


def main(
    num_images: Annotated[
        list[int] | None, typer.Option(help="Numbers of images [default: 8, 30, 100 thousand].")
    ] = None,
    params: Annotated[Path, typer.Option(help="The parameter file.")] = Path("params.yaml"),
) -> None:
    """Print the largest anonymous and whole resident memory of each stage, in MB."""
    before: dict[str, tuple[int, float]] = {}
    for number in num_images or [8_000, 30_000, 100_000]:
        with tempfile.TemporaryDirectory() as name:
            work = Path(name)
            draw_dataset(work / "dataset", number)
            (work / "params.yaml").write_bytes(params.read_bytes())
            lay_over(work / "params.yaml", OVERLAY)
            write_code(work / "code.json", Code({}, {}))
            table = Table("stage", "anonymous MB", "KB more per image", "resident MB", "images.npy MB")
            table.title = f"{number:,} images"
            for stage, arguments in STAGES.items():
                usage = run_stage(stage, arguments.split(), work)
                if stage not in MEASURED:
                    continue
                fewer, less = before.get(stage, (0, 0.0))
                before[stage] = number, usage.anonymous_kb
                table.add_row(
                    stage,
                    f"{usage.anonymous_kb / 1e3:.0f}",
                    f"{(usage.anonymous_kb - less) / (number - fewer):.2f}" if fewer else "",
                    f"{usage.resident_kb / 1e3:.0f}",
                    f"{(work / 'images.npy').stat().st_size / 1e6:.0f}",
                )
            Console().print(table)


def draw_dataset(folder: Path, num_images: int) -> None:
    """Write a dataset in the layout of HAM10000: blotched images of 40 px, all different, two per lesion."""
    folder.mkdir()
    generator = np.random.default_rng(0)
    names = [f"ISIC_{number:07d}" for number in range(num_images)]
    blotches = generator.integers(0, 256, (num_images, 10, 10, 3), dtype=np.uint8)
    with ThreadPoolExecutor() as threads:
        encoded = threads.map(encode_jpeg, blotches)
        for name, data in zip(names, encoded, strict=True):
            (folder / f"{name}.jpg").write_bytes(data)
    rows = {
        "lesion_id": [f"HAM_{number // 2:07d}" for number in range(num_images)],
        "image_id": names,
        "dx": [DIAGNOSES[number // 2 % len(DIAGNOSES)] for number in range(num_images)],
        "dx_type": "histo",
        "age": "50",
        "sex": "female",
        "localization": "back",
    }
    pd.DataFrame(rows).to_csv(folder / "HAM10000_metadata.csv", index=False)


def encode_jpeg(blotches: np.ndarray) -> bytes:
    """Return a JPEG of 40 px."""
    buffer = io.BytesIO()
    Image.fromarray(blotches).resize((40, 40), Image.Resampling.BICUBIC).save(buffer, "JPEG")
    return buffer.getvalue()


class Usage(NamedTuple):
    """The peak memory of a process, and its time, on processors too."""

    anonymous_kb: int
    resident_kb: int
    seconds: float
    processor_seconds: float


def run_stage(stage: str, arguments: list[str], work: Path) -> Usage:
    """Run one stage; return what it took.

    Raises
    ------
    InputError
        If the stage fails.
    """
    log = work / "log.txt"
    with log.open("w") as output:
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", f"stages.{stage}", *arguments]
        start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        process = subprocess.Popen(command, cwd=work, env=environment, stdout=output, stderr=output)
        most = {"RssAnon": 0, "VmHWM": 0}
        while process.poll() is None:
            for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
                key, _, value = line.partition(":")
                if key in most:
                    most[key] = max(most[key], int(value.split()[0]))
            time.sleep(0.01)
    if process.returncode != 0:
        raise InputError(f"{stage} exited with {process.returncode}:\n{log.read_text()}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor_seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Usage(most["RssAnon"], most["VmHWM"], time.perf_counter() - start, processor_seconds)


if __name__ == "__main__":
    with one_paragraph_errors():
        typer.run(main)
