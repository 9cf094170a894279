"""Estimating how much disk and memory a run needs, before it starts.

The memory of each stage was measured on the embedded dataset, on HAM10000 (`lesions timings`) and on up to 50,000
drawn images (`benchmarks/measure_scale.py`): a constant for the modules that it loads, and an amount per image. The
pages of `data/images.npy` that a stage reads count as its memory, as the system counts them, although the system
takes them back when other programs need memory.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from lesions.hardware.disk import count_bytes
from lesions.hardware.processors import count_processors
from lesions.images.chunks import CHUNK_BYTES, count_in_chunk
from lesions.images.decode import HASHED_PX
from lesions.synthetic.cohort import SyntheticParameters

MIB = 2**20

TABLE_STAGE_BYTES = 105 * MIB
"""Memory of numpy, pandas and Pillow."""

HDF5_BYTES, HDF5_BYTES_PER_IMAGE = 60 * MIB, 600
"""Memory of h5py, and of what it keeps of a file's directory."""

SPLIT_STAGE_BYTES = 125 * MIB
"""Memory of numpy, pandas and SciPy."""

NEAR_DUPLICATE_STAGE_BYTES = 190 * MIB
"""Memory of the same and of faiss, SciPy and matplotlib."""

IMAGES_SEARCHED_TOGETHER, SEARCHED_TOGETHER_BYTES = 512, 48 * MIB
"""Number of images that each thread searches copies of at a time, and its memory for them."""

BYTES_PER_COMPARED_IMAGE = 9 * 1024
"""Memory per image for its hash in 8 orientations, its spectra, its fingerprint and its row of the table."""

BYTES_PER_INDEXED_IMAGE = 256
"""Memory per image for its name."""

BYTES_PER_DESCRIBED_IMAGE = 2350
"""Memory per image for its rows of the index and of the metadata, while they are joined."""

BYTES_PER_TABLE_BYTE = 7
"""Memory per byte of a dataset's tables: pandas holds a cell of 9 characters as an object of 66 bytes."""

BYTES_PER_SPLIT_IMAGE = 1500
"""Memory per image for its rows of the metadata and of the split."""

BYTES_PER_TABLE_IMAGE = 1024
"""Disk space per image for its rows in the index, the metadata, the split and, for some images, the predictions."""

DRAWN_BYTES = 3 * MIB
"""Disk space for the pictures and the report."""

RENDERED_BYTES, RENDERED_BYTES_PER_PIXEL = 2000, 0.13
"""Disk space per file of the embedded dataset, constant and per pixel: 3 KB at 96 px, 139 KB at 1,024 px."""

KERNEL_BYTES = 50 * MIB
"""Memory of the convolution kernels, which are loaded when the first convolution is computed."""

ALLOCATOR_FACTOR = 1.4
"""Ratio of the memory that torch takes on the CPU to that of the live tensors: 1.25 to 1.75 were measured."""


@dataclass(frozen=True)
class Memory:
    """The peak memory of a stage, and the part of it that is pages of the image cache."""

    num_bytes: int
    cache_bytes: int = 0

    def __str__(self) -> str:
        """Return the memory in words."""
        pages = f", {self.cache_bytes / 1e6:,.0f} MB of it pages of the image cache" if self.cache_bytes else ""
        return f"{self.num_bytes / 1e6:,.0f} MB{pages}"


@dataclass(frozen=True)
class Disk:
    """The disk space that a run needs.

    Attributes
    ----------
    output_bytes
        The outputs of all stages, and DVC's copies of them, which are kept.
    training_bytes
        The state from which a training can resume, and the next one while it is written.
    """

    output_bytes: int
    training_bytes: int

    def __str__(self) -> str:
        """Return the disk space in words."""
        return (
            f"{self.output_bytes / 1e6:,.0f} MB, half of it DVC's copies; "
            f"{self.training_bytes / 1e6:,.0f} MB more during a training"
        )


def estimate_disk(
    num_images: int,
    cache_bytes: int,
    rendered: SyntheticParameters | None,
    *,
    weights_bytes: Sequence[int],
    weights_in_state: int,
) -> Disk:
    """Return the disk space that a run needs.

    Parameters
    ----------
    rendered
        The embedded dataset; None if the run does not use it.
    weights_bytes
        The bytes of each network's weights.
    weights_in_state
        Number of arrays as large as the weights in the state of a training.
    """
    embedded = 0.0
    if rendered is not None:
        embedded = rendered.num_images * (RENDERED_BYTES + RENDERED_BYTES_PER_PIXEL * rendered.size_px**2)
    outputs = embedded + cache_bytes + sum(weights_bytes) + num_images * BYTES_PER_TABLE_IMAGE + DRAWN_BYTES
    return Disk(2 * int(outputs), 2 * weights_in_state * max(weights_bytes))


def estimate_caching(
    num_images: int, size_px: int, largest: Path | bytes | None, *, is_in_hdf5: bool = False
) -> Memory:
    """Return the memory of `cache_images`, assuming that the file with the most bytes is the largest once decoded.

    Parameters
    ----------
    largest
        That file, or its bytes if it is in an archive.
    is_in_hdf5
        Whether images are in an HDF5 file.
    """
    file_bytes = len(largest) if isinstance(largest, bytes) else count_bytes(largest) if largest else 0
    modules = TABLE_STAGE_BYTES + (HDF5_BYTES + num_images * HDF5_BYTES_PER_IMAGE if is_in_hdf5 else 0)
    contents = min(count_in_chunk(size_px) * file_bytes, max(CHUNK_BYTES, file_bytes))
    # Twice: the decoded image, and its copy in another colour mode or size.
    decoded = 2 * 3 * _count_decoded_pixels(largest, size_px) if largest else 0
    of_thread = contents + decoded + count_in_chunk(size_px) * 3 * size_px**2
    return Memory(modules + num_images * BYTES_PER_INDEXED_IMAGE + count_processors() * of_thread)


def estimate_metadata(num_images: int, table_bytes: int) -> Memory:
    """Return the memory of `prepare_metadata`, from the size of the datasets' tables on disk."""
    of_tables = table_bytes * BYTES_PER_TABLE_BYTE
    return Memory(TABLE_STAGE_BYTES + num_images * BYTES_PER_DESCRIBED_IMAGE + of_tables)


def estimate_split(num_images: int) -> Memory:
    """Return the memory of `split_by_patient`."""
    return Memory(SPLIT_STAGE_BYTES + num_images * BYTES_PER_SPLIT_IMAGE)


def estimate_near_duplicates(num_images: int, cache_bytes: int) -> Memory:
    """Return the memory of `find_near_duplicates`, which reads every image once."""
    of_threads = min(count_processors(), num_images / IMAGES_SEARCHED_TOGETHER) * SEARCHED_TOGETHER_BYTES
    compared = num_images * BYTES_PER_COMPARED_IMAGE
    return Memory(NEAR_DUPLICATE_STAGE_BYTES + int(of_threads) + cache_bytes + compared, cache_bytes)


def estimate_computing(loaded_bytes: int, tensor_bytes: int, cache_bytes: int) -> Memory:
    """Return the memory of a stage in which a network learns or predicts on the CPU.

    Parameters
    ----------
    loaded_bytes
        The memory of a process that has loaded torch and the other modules of the stage.
    tensor_bytes
        The peak bytes of live tensors.
    cache_bytes
        The size of `data/images.npy`.
    """
    return Memory(loaded_bytes + KERNEL_BYTES + cache_bytes + int(ALLOCATOR_FACTOR * tensor_bytes), cache_bytes)


def _count_decoded_pixels(file: Path | bytes, size_px: int) -> int:
    """Return the number of pixels to which a file is decoded, or 0 if it is not an image."""
    try:
        with Image.open(BytesIO(file) if isinstance(file, bytes) else file) as image:
            image.draft("RGB", (max(size_px, HASHED_PX),) * 2)
            return image.width * image.height
    except (UnidentifiedImageError, OSError):
        return 0
