"""Compare how fast `lesions predict` is with the least that must be done: decoding files, and running a network.

The two bare parts are measured apart, in as many threads, and added: all files decoded in a pool of threads, and a
loop over the decoded arrays, in the same batches, with onnxruntime alone. Ours reads, decodes, predicts, and writes a
CSV. The three take turns, and the median of the rounds counts; what must be reached is a ratio of 0.8. The time of
the machine's clock depends on other programs, the CPU time less. All predictions must be equal.

    python -m benchmarks.compare_predict --model data/exports/resnet18/model.onnx --root data/raw/ham10000
    python -m benchmarks.compare_predict --model data/exports/resnet18/model.onnx
"""

import csv
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from statistics import median
from typing import Annotated

import numpy as np
import onnxruntime
import typer
from numpy.typing import NDArray
from PIL import Image

from lesions.errors import InputError
from lesions.hardware.processors import count_processors
from lesions.images.decode import DecodingParameters, decode_image
from lesions.images.files import find_image_files
from lesions.serving.manifest import CALLED, IMAGES, OUT_OF_DISTRIBUTION, PROBABILITIES
from lesions.serving.model import Model, load_model
from lesions.serving.prediction import Job, open_rows, predict_to_files
from lesions.serving.reports import Reports
from lesions.serving.sources import Sources
from lesions.serving.stream import SourceFile, count_in_batch
from lesions.stage.failure import one_paragraph_errors

LEAST_RATIO = 0.8

Pixels = NDArray[np.uint8]


def main(
    model: Annotated[Path, typer.Option(help="An exported model.")],
    root: Annotated[Path | None, typer.Option(help="A folder of images; by default some are drawn.")] = None,
    num_images: Annotated[int, typer.Option(help="Number of images.")] = 2000,
    num_rounds: Annotated[int, typer.Option(help="Number of rounds, of which the median counts.")] = 3,
) -> None:
    """Print the images per second of each part and of the whole, and the ratio."""
    loaded = load_model(model)
    with tempfile.TemporaryDirectory() as work:
        folder = root or draw_jpegs(Path(work, "images"), num_images)
        files = [f"{folder}/{file}" for file in find_image_files(folder).readable[:num_images]]
        pixels = decode_files(files, loaded.manifest.decoding)
        parts: dict[str, Callable[[], object]] = {
            "decoding": partial(decode_files, files, loaded.manifest.decoding),
            "network": partial(run_bare, model, pixels, count_in_batch(loaded.manifest)),
            "lesions predict": partial(predict_files, loaded, files, Path(work, "rows.csv")),
        }
        check_equal(loaded, parts["network"](), parts["lesions predict"]())
        seconds = time_in_turns(parts, num_rounds)
    for name, (wall, cpu) in seconds.items():
        print(f"{name:16} {len(files) / wall:8,.0f} images/s {1e3 * cpu / len(files):8.2f} CPU ms per image")
    for kind, what in enumerate(("images per second", "CPU time")):
        bare, ours = (
            sum(seconds[name][kind] for name in names) for names in (("decoding", "network"), (*parts,)[2:])
        )
        print(f"{what}: {bare / ours:.2f} of the bare parts (expected: at least {LEAST_RATIO})")
    print(f"{count_processors()} threads")


def draw_jpegs(folder: Path, num_images: int) -> Path:
    """Write noisy JPEGs of 600 × 450 pixels, as HAM10000 has them."""
    generator = np.random.default_rng(0)
    folder.mkdir()
    for at in range(num_images):
        small = Image.fromarray(generator.integers(60, 220, (9, 12, 3), dtype=np.uint8))
        grain = generator.normal(0, 8, (450, 600, 3))
        drawn = np.asarray(small.resize((600, 450), Image.Resampling.BICUBIC)) + grain
        Image.fromarray(np.clip(drawn, 0, 255).astype(np.uint8)).save(folder / f"{at:05}.jpg", quality=90)
    return folder


def decode_files(files: list[str], decoding: DecodingParameters) -> Pixels:
    """Decode files in threads."""
    with ThreadPoolExecutor(count_processors()) as threads:
        return np.stack([*threads.map(lambda file: decode_image(Path(file).read_bytes(), decoding).pixels, files)])


def run_bare(model: Path, pixels: Pixels, batch_size: int) -> list[NDArray[np.float32]]:
    """Return the probabilities of decoded images, batch by batch."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = count_processors()
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    names = [PROBABILITIES, CALLED, OUT_OF_DISTRIBUTION]
    return [
        session.run(names, {IMAGES: pixels[first : first + batch_size]})[0]
        for first in range(0, len(pixels), batch_size)
    ]


def predict_files(model: Model, files: list[str], output: Path) -> list[dict[str, str]]:
    """Predict files as the command does, and return the rows of its output."""
    sources = Sources([SourceFile(file, file) for file in files], [])
    no_reports = Reports(dicom_sr=None, fhir=None, keep_identifiers=False)
    job = Job(model, model.build_rules(), sources, group_by=None, explain=None, num_workers=None, reports=no_reports)
    with open_rows(job, output, resume=False) as (rows, first):
        predict_to_files(job, output, rows, first)
    with output.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def check_equal(model: Model, bare: object, rows: object) -> None:
    """Raise InputError unless the probabilities of both are equal."""
    assert isinstance(bare, list) and isinstance(rows, list)
    ours = [[float(row[f"prob_{name}"]) for name in model.manifest.class_names] for row in rows]
    if not np.array_equal(np.array(ours, np.float32), np.concatenate(bare)):
        raise InputError("the predictions differ from those of onnxruntime alone")


def time_in_turns(parts: dict[str, Callable[[], object]], num_rounds: int) -> dict[str, tuple[float, float]]:
    """Return the median seconds of each part, by the clock and of the processors."""
    measured: dict[str, list[tuple[float, float]]] = {name: [] for name in parts}
    for _ in range(num_rounds):
        for name, part in parts.items():
            wall, cpu = time.perf_counter(), time.process_time()
            part()
            measured[name].append((time.perf_counter() - wall, time.process_time() - cpu))
    return {name: (median(one[0] for one in all_), median(one[1] for one in all_)) for name, all_ in measured.items()}


if __name__ == "__main__":
    with one_paragraph_errors():
        typer.run(main)
