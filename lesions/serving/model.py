"""An exported model in Python: `from lesions import load_model`."""

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lesions.errors import InputError, quote_value
from lesions.hardware.processors import count_processors
from lesions.serving.answers import Answer, Rules
from lesions.serving.manifest import Manifest
from lesions.serving.onnx_file import name_file, read_onnx_file
from lesions.serving.session import Network, Outputs
from lesions.serving.stream import Answered, SourceFile, answer_files, answer_pixels


class Model:
    """An exported model, which answers for image files; several threads may use it at once.

    Attributes
    ----------
    manifest
        What the file says of itself: classes, thresholds, scores on test, intended use.
    id
        The model's name, and the first 12 digits of the sha256 of its file.
    has_maps
        Whether it can say which places of an image speak for a class.
    """

    def __init__(self, network: Network, manifest: Manifest, *, model_id: str, num_threads: int) -> None:
        self.manifest = manifest
        self.id = model_id
        self.has_maps = network.has_maps
        self._network = network
        self._num_threads = num_threads

    def predict(
        self, paths: Iterable[str | os.PathLike[str]], *, min_confidence: float | None = None
    ) -> list[Answer]:
        """Return one answer per image file, in their order.

        A file that cannot be read as an image is refused, and does not stop the others.

        Parameters
        ----------
        paths
            Image files.
        min_confidence
            From 0 to 1; the model abstains if the probability of its diagnosis is lower. By default what the
            manifest says.

        Raises
        ------
        InputError
            If `paths` is a single path, or `min_confidence` is no probability.
        """
        if isinstance(paths, str | os.PathLike):
            raise InputError(f"expected a list of paths, got the one path {quote_value(paths)}; put it into a list")
        names = [os.fspath(path) for path in paths]
        files = [SourceFile(name, name) for name in names]
        return [each.answer for each in self.stream(files, self.build_rules(min_confidence))]

    def stream(
        self,
        files: Sequence[SourceFile],
        rules: Rules,
        *,
        num_workers: int | None = None,
        with_maps: bool = False,
    ) -> Iterator[Answered]:
        """Yield the answer for each file, in their order, in constant memory.

        Parameters
        ----------
        rules
            From `build_rules`.
        num_workers
            How many threads decode; by default as many as the model's own.
        with_maps
            Whether the answers have maps.
        """
        num_workers = num_workers or self._num_threads
        return answer_files(self._network, rules, files, num_workers=num_workers, with_maps=with_maps)

    def answer_batch(
        self, files: Sequence[str], pixels: Sequence[NDArray[np.uint8]], rules: Rules, *, with_maps: bool = False
    ) -> list[tuple[Answer, NDArray[np.float32] | None]]:
        """Return the answer and the map for each image of one batch.

        Parameters
        ----------
        files
            What the images are called in the answers.
        pixels : (size_px, size_px, 3) uint8 each
            From `decode_pixels`.
        rules
            From `build_rules`.
        with_maps
            Whether there are maps (H, W); otherwise they are None.
        """
        return list(answer_pixels(self._network, rules, files, pixels, with_maps=with_maps))

    def embed_batch(self, pixels: NDArray[np.uint8]) -> Outputs:
        """Return what the network says about images (N, size_px, size_px, 3), with their embeddings."""
        return self._network.run(pixels, with_embeddings=True)

    def build_rules(self, min_confidence: float | None = None) -> Rules:
        """Return what makes answers of numbers; raise InputError if `min_confidence` is no probability."""
        if min_confidence is None:
            min_confidence = self.manifest.thresholds.min_confidence
        if not 0 <= min_confidence <= 1:
            raise InputError(f"min_confidence: expected a number from 0 to 1, got {min_confidence}")
        return Rules(self.manifest, self.id, min_confidence)


def load_model(path: str | os.PathLike[str], *, num_threads: int | None = None) -> Model:
    """Load an exported model.

    Parameters
    ----------
    path
        Its file, `model.onnx` or `model.int8.onnx`.
    num_threads
        With how many threads it runs; by default the number of processors that this process may use, which in a
        container is its share of them.

    Raises
    ------
    InputError
        If the file is not one that this pipeline exported, whole and unchanged in kind; if `num_threads` is not
        positive.
    """
    if num_threads is not None and num_threads < 1:
        raise InputError(f"num_threads: expected at least 1, got {num_threads}")
    path, num_threads = Path(path), num_threads or count_processors()
    data, manifest = read_onnx_file(path)
    network = Network(data, manifest, num_threads=num_threads, source=path)
    return Model(network, manifest, model_id=name_file(manifest.model, data), num_threads=num_threads)
