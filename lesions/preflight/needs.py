"""How much disk and memory a run needs, before it runs.

Each stage's memory is what it was measured to take on the embedded dataset and on HAM10000 (`lesions timings`): the
modules that it loads, and so much for each image. Pages of `data/images.npy` that a stage looks at count as its
memory, as the system counts them, but are taken back when others need them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from lesions.hardware.disk import count_bytes
from lesions.hardware.processors import count_processors
from lesions.images.chunks import CHUNK_BYTES, count_in_chunk
from lesions.images.decode import HASHED_PX
from lesions.synthetic.cohort import SyntheticParameters

MIB = 2**20

TABLE_STAGE_BYTES = 105 * MIB
"""numpy, pandas, Pillow."""

NEAR_DUPLICATE_STAGE_BYTES = 215 * MIB
"""faiss, SciPy and matplotlib besides."""

BYTES_A_COMPARED_IMAGE = 4 * 1024
"""Its hash in 8 orientations, its row of the table."""

BYTES_AN_INDEXED_IMAGE = 256
"""Of its name."""

BYTES_A_TABLED_IMAGE = 1024
"""Its rows of the tables: the index, the metadata, the split, and predictions of a part of the images."""

DRAWN_BYTES = 3 * MIB
"""Pictures and the report."""

RENDERED_BYTES, RENDERED_BYTES_A_PIXEL = 2000, 0.13
"""Of a file of the embedded dataset: 3 KB at 96 px, 139 KB at 1,024 px."""

KERNEL_BYTES = 50 * MIB
"""Code of convolutions that is loaded when the first one is computed."""

ALLOCATOR_FACTOR = 1.4
"""Memory that torch takes on the CPU, to that of the tensors that are alive: 1.25 to 1.75 were measured."""


@dataclass(frozen=True)
class Memory:
    """The most memory that a stage takes, and how much of it are pages of the image cache."""

    num_bytes: int
    cache_bytes: int = 0

    def __str__(self) -> str:
        """Return it in words."""
        pages = f", {self.cache_bytes / 1e6:,.0f} MB of it pages of the image cache" if self.cache_bytes else ""
        return f"{self.num_bytes / 1e6:,.0f} MB{pages}"


@dataclass(frozen=True)
class Disk:
    """What a run writes.

    Attributes
    ----------
    output_bytes
        The outputs of all stages, and DVC's copies of them, which stay.
    training_bytes
        The state that a training can go on from, and the next one while it is written.
    """

    output_bytes: int
    training_bytes: int

    def __str__(self) -> str:
        """Return it in words."""
        return (
            f"{self.output_bytes / 1e6:,.0f} MB, half of it DVC's copies; "
            f"{self.training_bytes / 1e6:,.0f} MB more during a training"
        )


def estimate_disk(
    num_images: int,
    cache_bytes: int,
    rendered: SyntheticParameters,
    weights_bytes: Sequence[int],
    weights_in_state: int,
) -> Disk:
    """Return what a run writes.

    Parameters
    ----------
    rendered
        The embedded dataset, which DVC keeps whatever is trained on.
    weights_bytes
        Of each network.
    weights_in_state
        How many times its weights the state of a training has.
    """
    embedded = rendered.num_images * (RENDERED_BYTES + RENDERED_BYTES_A_PIXEL * rendered.size_px**2)
    outputs = embedded + cache_bytes + sum(weights_bytes) + num_images * BYTES_A_TABLED_IMAGE + DRAWN_BYTES
    return Disk(2 * int(outputs), 2 * weights_in_state * max(weights_bytes))


def estimate_caching(num_images: int, size_px: int, largest: Path | None) -> Memory:
    """Return the memory of `cache_images`; the file of most bytes is taken for the one that is largest decoded."""
    file_bytes = count_bytes(largest) if largest else 0
    contents = min(count_in_chunk(size_px) * file_bytes, max(CHUNK_BYTES, file_bytes))
    # Decoded, and once more in the other form, or of the other size, that it is brought to.
    decoded = 2 * 3 * _count_decoded_pixels(largest, size_px) if largest else 0
    of_thread = contents + decoded + count_in_chunk(size_px) * 3 * size_px**2
    return Memory(TABLE_STAGE_BYTES + num_images * BYTES_AN_INDEXED_IMAGE + count_processors() * of_thread)


def estimate_near_duplicates(num_images: int, cache_bytes: int) -> Memory:
    """Return the memory of `find_near_duplicates`, which looks at every image once."""
    return Memory(NEAR_DUPLICATE_STAGE_BYTES + cache_bytes + num_images * BYTES_A_COMPARED_IMAGE, cache_bytes)


def estimate_computing(loaded_bytes: int, tensor_bytes: int, cache_bytes: int) -> Memory:
    """Return the memory of a stage in which a network learns or predicts on the CPU.

    Parameters
    ----------
    loaded_bytes
        Of a process that has loaded torch and what else the stage needs.
    tensor_bytes
        The most that are alive at a time.
    cache_bytes
        Of `data/images.npy`.
    """
    return Memory(loaded_bytes + KERNEL_BYTES + cache_bytes + int(ALLOCATOR_FACTOR * tensor_bytes), cache_bytes)


def _count_decoded_pixels(file: Path, size_px: int) -> int:
    """Return how many pixels a file is decoded to; of what is no image none."""
    try:
        with Image.open(file) as image:
            image.draft("RGB", (max(size_px, HASHED_PX),) * 2)
            return image.width * image.height
    except (UnidentifiedImageError, OSError):
        return 0
