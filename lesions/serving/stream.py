"""From files to answers: threads decode ahead while the network runs, and the answers come in the files' order.

The files are cut into batches by their position. So a file is always predicted in the same batch, whatever is refused
before it and wherever a run was resumed, and its answer is the same to the bit.
"""

import os
import stat
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from math import ceil
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lesions.images.decode import DecodedImage, DecodingParameters, decode_image
from lesions.images.members import MAX_FILE_BYTES
from lesions.serving.answers import Answer, Rules
from lesions.serving.manifest import Manifest
from lesions.serving.session import Network

BATCH_PIXELS = 32 * 224**2
"""The number of pixels in a batch, of all views: they decide how much memory a network takes while it runs."""

MAX_BATCH = 32

NO_MEMORY = "takes more memory than there is"

Decoding = Future[NDArray[np.uint8] | str]
"""The pixels of a file, or why it is refused, as soon as a thread has decoded it."""


class SourceFile(NamedTuple):
    """An image file, and what it is called in the answers.

    Attributes
    ----------
    file
        Its name as it was given.
    path
        Where it is; empty if none was given.
    group
        The lesion or patient that it belongs to, if that was asked for and is known.
    """

    file: str
    path: str
    group: str = ""


@dataclass(frozen=True)
class Answered:
    """The answer for a file, and what its map is drawn from.

    Attributes
    ----------
    pixels : (size_px, size_px, 3) uint8
        The image as the network saw it; None if the file is refused.
    map : (H, W) float32
        How much each place speaks for the diagnosis; None if it was not asked for.
    """

    source: SourceFile
    answer: Answer
    pixels: NDArray[np.uint8] | None
    map: NDArray[np.float32] | None


def count_in_batch(manifest: Manifest) -> int:
    """Return how many images go through the network at once."""
    return max(1, min(MAX_BATCH, BATCH_PIXELS // (manifest.num_views * manifest.decoding.size_px**2)))


def answer_files(
    network: Network, rules: Rules, files: Sequence[SourceFile], *, num_workers: int, with_maps: bool = False
) -> Iterator[Answered]:
    """Yield the answer for each file, in their order.

    Parameters
    ----------
    num_workers
        How many threads decode.
    with_maps
        Whether the answers have maps.
    """
    size = count_in_batch(rules.manifest)
    most_ahead = 1 + ceil(2 * num_workers / size)
    ahead: deque[tuple[Sequence[SourceFile], list[Decoding]]] = deque()
    threads = ThreadPoolExecutor(num_workers)
    try:
        for first in range(0, len(files), size):
            batch = files[first : first + size]
            begun = [threads.submit(read_pixels, each.path, rules.manifest.decoding) for each in batch]
            ahead.append((batch, begun))
            if len(ahead) > most_ahead:
                yield from _answer_batch(network, rules, *ahead.popleft(), with_maps=with_maps)
        while ahead:
            yield from _answer_batch(network, rules, *ahead.popleft(), with_maps=with_maps)
    finally:
        threads.shutdown(cancel_futures=True)


def _answer_batch(
    network: Network,
    rules: Rules,
    batch: Sequence[SourceFile],
    begun: Sequence[Decoding],
    *,
    with_maps: bool,
) -> Iterator[Answered]:
    decoded = [future.result() for future in begun]
    answers = answer_pixels(network, rules, [source.file for source in batch], decoded, with_maps=with_maps)
    for source, each, (answer, activation) in zip(batch, decoded, answers, strict=True):
        yield Answered(source, answer, None if isinstance(each, str) else each, activation)


def answer_pixels(
    network: Network,
    rules: Rules,
    files: Sequence[str],
    decoded: Sequence[NDArray[np.uint8] | str],
    *,
    with_maps: bool = False,
) -> Iterator[tuple[Answer, NDArray[np.float32] | None]]:
    """Yield the answer and the map for each file of one batch, by its pixels or why it is refused."""
    pixels = [each for each in decoded if not isinstance(each, str)]
    outputs = network.run(np.stack(pixels), with_maps=with_maps) if pixels else None
    row = 0
    for file, each in zip(files, decoded, strict=True):
        if isinstance(each, str) or outputs is None:
            yield rules.refuse(file, str(each)), None
            continue
        numbers = outputs.numbers[row]
        answer = rules.answer(file, numbers)
        maps = outputs.maps if answer.diagnosis is not None else None
        yield answer, None if maps is None else maps[row, numbers.called]
        row += 1


def read_pixels(path: str, decoding: DecodingParameters) -> NDArray[np.uint8] | str:
    """Return the pixels (size_px, size_px, 3) of an image file, or why it is refused."""
    decoded = read_decoded(path, decoding)
    return decoded if isinstance(decoded, str) else decoded.pixels


def read_decoded(path: str, decoding: DecodingParameters) -> DecodedImage | str:
    """Return an image file as the network will see it, with the size that it had, or why it is refused."""
    try:
        data = _read_file(path)
    except FileNotFoundError:
        return "there is no such file"
    except OSError as error:
        return f"cannot be read: {error.strerror or error}"
    except MemoryError:
        return NO_MEMORY
    except ValueError as error:  # so is a path with a zero byte
        return str(error)
    return _decode(data, decoding)


def decode_pixels(data: bytes, decoding: DecodingParameters) -> NDArray[np.uint8] | str:
    """Return the pixels (size_px, size_px, 3) of the bytes of an image file, or why it is refused."""
    decoded = _decode(data, decoding)
    return decoded if isinstance(decoded, str) else decoded.pixels


def _decode(data: bytes, decoding: DecodingParameters) -> DecodedImage | str:
    try:
        return decode_image(data, decoding)
    except MemoryError:
        return NO_MEMORY
    except (OSError, ValueError) as error:  # InputError is a ValueError
        return str(error)


def _read_file(path: str) -> bytes:
    if not path:
        raise ValueError("no file is named here")
    status = os.stat(path)  # noqa: PTH116, as in count_bytes
    if not stat.S_ISREG(status.st_mode):
        raise ValueError("not a file, but a folder, a pipe, a socket or a device")
    if status.st_size > MAX_FILE_BYTES:
        raise ValueError(f"has {status.st_size:,} bytes, an image file may have {MAX_FILE_BYTES:,} at most")
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123, as in read_image_file
        return file.readall()
