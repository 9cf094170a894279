"""Compare how fast `cache_images` decodes with Pillow in the same number of threads.

The JPEGs are synthetic: some of 600 × 450 pixels and about 260 KB, some of 6 megapixels, each with several names.
Ours is the whole stage: listing, reading, hashing twice, and writing to a new file, because DVC removes the old file
before it runs a stage. The peers only read, decode and crop: `Pillow` by `open(file).convert("RGB")`, which is
torchvision's loader; `Pillow, uncopied` without the copy that `convert` makes; `Pillow, draft` at the fraction of a
JPEG's size that Pillow chooses. Each number is the median of rounds in which they take turns; the CPU time depends
less on other programs. All must have a similar quality: the mean absolute difference, in grey levels, from an exact
resize (weights are a triangle as wide as the pixels that become one) must not exceed a bound.

    python -m benchmarks.decode_images --root /path/to/ham10000
    python -m benchmarks.decode_images --root /path/to/ham10000 --size-px 74
"""

import io
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path
from statistics import median
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from PIL import Image, ImageOps
from rich.console import Console
from rich.table import Table
from ruamel.yaml import YAML

from lesions.errors import InputError
from lesions.hardware.processors import count_processors
from lesions.images.cache import read_cache
from lesions.images.files import find_image_files
from lesions.stage.failure import one_paragraph_errors
from stages import cache_images

MAX_DIFFERENCE = 2.0
"""In grey levels; picking single pixels differs by 13 on the images of 600 × 450, by 2.1 on the grainy large ones."""

Decoder = Callable[[], NDArray[np.uint8]]
"""Decodes all files of a folder."""

NUM_COMPARED = 8
"""Number of images whose pixels are compared."""


def main(
    root: Annotated[Path | None, typer.Option(help="Folder of HAM10000, to decode it too.")] = None,
    size_px: Annotated[int, typer.Option(help="Side of a cached image.")] = 166,
    num_rounds: Annotated[int, typer.Option(help="Number of rounds, of which the median counts.")] = 5,
    params: Annotated[Path, typer.Option(help="The parameter file.")] = Path("params.yaml"),
) -> None:
    """Print a table for each kind of image."""
    with tempfile.TemporaryDirectory() as work:
        out = Path(work, "out")
        own_params = write_params(Path(work, "params.yaml"), params, size_px)
        folders = [
            draw_jpegs(Path(work, "600 × 450"), 600, 450, noise=21, quality=98, num_pictures=20, num_names=16),
            draw_jpegs(Path(work, "6 MP, grainy"), 2832, 2128, noise=3, quality=90, num_pictures=4, num_names=16),
            draw_jpegs(Path(work, "6 MP, smooth"), 2832, 2128, noise=1, quality=90, num_pictures=4, num_names=16),
        ]
        for folder in [root, *folders] if root else folders:
            files = find_image_files(folder).readable
            by_pillow = partial(decode_by_pillow, folder, files, size_px)
            decoders = {
                "cache_images": partial(run_stage, folder, out, own_params),
                "Pillow": partial(by_pillow, open_copied),
                "Pillow, uncopied": partial(by_pillow, Image.open),
                "Pillow, draft": partial(by_pillow, partial(open_small, size_px=size_px)),
            }
            differences = compare_pixels(folder, files[:NUM_COMPARED], size_px, decoders)
            seconds = time_in_turns(decoders, num_rounds, out)
            size = sum(Path(folder, file).stat().st_size for file in files) / len(files) / 1e3
            title = f"{folder.name}: {len(files):,} files of {size:.0f} KB, to {size_px} px"
            Console().print(build_table(title, len(files), differences, seconds))
    print(f"{count_processors()} threads; load of the machine {os.getloadavg()[0]:.1f}")


def build_table(
    title: str, num_images: int, differences: dict[str, float], seconds: dict[str, tuple[float, float]]
) -> Table:
    """Build a table of the measurements, and of the ratio of each time to ours."""
    table = Table("decoder", "difference", "images/s", "ratio", "CPU ms per image", "ratio", title=title)
    ours = seconds["cache_images"]
    for name, (wall, processor) in seconds.items():
        table.add_row(
            name,
            f"{differences[name]:.2f}",
            f"{num_images / wall:,.0f}",
            f"{wall / ours[0]:.2f}",
            f"{processor / num_images * 1e3:.2f}",
            f"{processor / ours[1]:.2f}",
        )
    return table


def write_params(path: Path, params: Path, size_px: int) -> Path:
    """Write the parameters with another size of cached images, cropped, and a dataset that is a single folder."""
    sections = YAML(typ="safe").load(params)
    sections["cache_images"] |= {"size_px": size_px, "fit": "crop"}
    sections["dataset"] |= {"names": ["ham10000"], "external": []}
    with path.open("w") as file:
        YAML(typ="safe").dump(sections, file)
    return path


def draw_jpegs(
    folder: Path, width: int, height: int, *, noise: float, quality: int, num_pictures: int, num_names: int
) -> Path:
    """Draw smooth blotches with noise, and give each file several names."""
    folder.mkdir()
    generator = np.random.default_rng(0)
    for picture in range(num_pictures):
        blotches = Image.fromarray(generator.integers(60, 220, (9, 12, 3), dtype=np.uint8))
        smooth = np.asarray(blotches.resize((width, height), Image.Resampling.BICUBIC), dtype=np.float32)
        grain = generator.standard_normal((height, width, 1), dtype=np.float32) * noise
        first = folder / f"{picture}.jpg"
        Image.fromarray((smooth + grain).clip(0, 255).astype(np.uint8)).save(first, quality=quality)
        for name in range(1, num_names):
            (folder / f"{picture}_{name}.jpg").hardlink_to(first)
    return folder


def run_stage(folder: Path, out: Path, params: Path) -> NDArray[np.uint8]:
    """Run the stage, without what it prints."""
    with redirect_stdout(io.StringIO()):
        cache_images.main(folder, out / "images.npy", out / "images.csv", params)
    return read_cache(out / "images.npy")


def open_copied(file: Path) -> Image.Image:
    """Open an image as `torchvision.datasets.folder.pil_loader` does."""
    with Image.open(file) as image:
        return image.convert("RGB")


def open_small(file: Path, size_px: int) -> Image.Image:
    """Open an image, and let the decoder return a fraction of its size."""
    image = Image.open(file)
    image.draft("RGB", (size_px, size_px))
    return image


def decode_by_pillow(
    folder: Path, files: list[str], size_px: int, open_image: Callable[[Path], Image.Image]
) -> NDArray[np.uint8]:
    """Decode and resize with Pillow only, in threads."""

    def decode(file: str) -> NDArray[np.uint8]:
        with open_image(folder / file) as image:
            return np.asarray(ImageOps.fit(image, (size_px, size_px), Image.Resampling.BILINEAR))

    images = np.empty((len(files), size_px, size_px, 3), np.uint8)
    with ThreadPoolExecutor(count_processors()) as threads:
        for row, image in enumerate(threads.map(decode, files)):
            images[row] = image
    return images


def compare_pixels(folder: Path, files: list[str], size_px: int, decoders: Mapping[str, Decoder]) -> dict[str, float]:
    """Return the mean absolute difference of each decoder from the exact pixels of the first files.

    Raises
    ------
    InputError
        If a decoder's difference is larger than the bound.
    """
    exact = np.stack([resize_exactly(folder / file, size_px) for file in files])
    differences = {name: float(np.abs(decode()[: len(files)] - exact).mean()) for name, decode in decoders.items()}
    for name, difference in differences.items():
        if difference > MAX_DIFFERENCE:
            raise InputError(
                f"{folder.name}: {name} is {difference:.2f} grey levels from exact pixels; not comparable"
            )
    return differences


def resize_exactly(file: Path, size_px: int) -> NDArray[np.float64]:
    """Return the central square of a whole image, where each pixel is a mean with triangular weights."""
    pixels = np.asarray(Image.open(file).convert("RGB"), dtype=np.float64)
    side = min(pixels.shape[:2])
    down, across = (compute_weights(length, (length - side) / 2, side, size_px) for length in pixels.shape[:2])
    return np.einsum("hH,wW,HWc->hwc", down, across, pixels, optimize=True)


def compute_weights(length: int, start: float, side: float, size_px: int) -> NDArray[np.float64]:
    """Return the weights (size_px, length) that resize the pixels of one axis, from `start` over `side` pixels."""
    scale = side / size_px
    centres = start + (np.arange(size_px) + 0.5) * scale
    distances = np.abs(np.arange(length) + 0.5 - centres[:, None]) / max(scale, 1)
    weights = np.clip(1 - distances, 0, None)
    return weights / weights.sum(axis=1, keepdims=True)


def time_in_turns(decoders: Mapping[str, Decoder], num_rounds: int, out: Path) -> dict[str, tuple[float, float]]:
    """Return the median wall time and CPU time of each decoder, in seconds; `out` is emptied."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in decoders}
    for _ in range(num_rounds):
        for name, decode in decoders.items():
            shutil.rmtree(out, ignore_errors=True)
            start, processor = time.perf_counter(), time.process_time()
            decode()
            times[name].append((time.perf_counter() - start, time.process_time() - processor))
    return {
        name: (median(wall for wall, _ in pairs), median(cpu for _, cpu in pairs)) for name, pairs in times.items()
    }


if __name__ == "__main__":
    with one_paragraph_errors():
        typer.run(main)
