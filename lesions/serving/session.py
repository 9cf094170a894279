"""Running an exported model with onnxruntime."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as failures

from lesions.errors import InputError, cut_value
from lesions.serving.answers import Numbers
from lesions.serving.manifest import (
    CALLED,
    EMBEDDING,
    IMAGES,
    MALIGNANCY,
    MAPS,
    OUT_OF_DISTRIBUTION,
    PROBABILITIES,
    Manifest,
)

FAILURES = (
    *(failures.Fail, failures.InvalidArgument, failures.InvalidGraph, failures.InvalidProtobuf),
    *(failures.NotImplemented, failures.RuntimeException, failures.EPFail, failures.ModelLoadCanceled),
)
"""What onnxruntime raises."""

ONLY_ERRORS = 3

Maps = NDArray[np.float32]


@dataclass(frozen=True)
class Outputs:
    """What a network says about N images.

    Attributes
    ----------
    numbers
        One per image.
    maps : (N, K, H, W) float32
        None if they were not asked for.
    embeddings : (N, F) float32
        None if they were not asked for.
    """

    numbers: list[Numbers]
    maps: Maps | None
    embeddings: NDArray[np.float32] | None


class Network:
    """An exported network; several threads may run it at once.

    Attributes
    ----------
    has_maps
        Whether it can say which places of an image speak for a class.
    """

    def __init__(self, data: bytes, manifest: Manifest, *, num_threads: int, source: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = num_threads, 1
        options.log_severity_level = ONLY_ERRORS
        # Threads that wait for work in a loop take the processors from those that decode.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        except FAILURES as error:
            raise InputError(
                f"{source}: onnxruntime {onnxruntime.__version__} cannot load it ({cut_value(error)}); export the "
                "model again, or install the version of onnxruntime that its manifest names"
            ) from error
        self._source = source
        self._has_malignancy = manifest.thresholds.malignancy is not None
        self.has_maps = any(output.name == MAPS for output in self._session.get_outputs())
        _check_signature(self._session, manifest, source)

    def run(self, pixels: NDArray[np.uint8], *, with_maps: bool = False, with_embeddings: bool = False) -> Outputs:
        """Return what the network says about images (N, size_px, size_px, 3)."""
        names = [PROBABILITIES, CALLED, OUT_OF_DISTRIBUTION]
        names += [MALIGNANCY] * self._has_malignancy + [MAPS] * with_maps + [EMBEDDING] * with_embeddings
        try:
            outputs = dict(zip(names, self._session.run(names, {IMAGES: pixels}), strict=True))
        except FAILURES as error:
            raise InputError(f"{self._source}: onnxruntime failed ({cut_value(error)})") from error
        malignancy = outputs.get(MALIGNANCY, [None] * len(pixels))
        rows = zip(outputs[PROBABILITIES], outputs[CALLED], malignancy, outputs[OUT_OF_DISTRIBUTION], strict=True)
        numbers = [Numbers(row[0], int(row[1]), row[2], row[3]) for row in rows]
        return Outputs(numbers, outputs.get(MAPS), outputs.get(EMBEDDING))


def _check_signature(session: onnxruntime.InferenceSession, manifest: Manifest, source: Path) -> None:
    """Raise InputError if the inputs and outputs are not those that the manifest promises."""
    size_px, K = manifest.decoding.size_px, len(manifest.classes)
    floats: dict[str, tuple[int | None, ...]] = {
        PROBABILITIES: (None, K),
        EMBEDDING: (None, None),
        OUT_OF_DISTRIBUTION: (None,),
    }
    if manifest.thresholds.malignancy is not None:
        floats[MALIGNANCY] = (None,)
    outputs = {output.name: output for output in session.get_outputs()}
    if MAPS in outputs:
        floats[MAPS] = (None, K, None, None)
    inputs = {each.name: each for each in session.get_inputs()}
    if [*inputs] != [IMAGES]:
        raise InputError(f"{source}: expected the one input {IMAGES}, found {', '.join(inputs) or 'none'}")
    _check_array(inputs[IMAGES], "tensor(uint8)", (None, size_px, size_px, 3), source)
    for name, shape in {**floats, CALLED: (None,)}.items():
        if name not in outputs:
            raise InputError(f"{source}: has no output {name}, which its manifest needs; export the model again")
        _check_array(outputs[name], "tensor(int64)" if name == CALLED else "tensor(float)", shape, source)


def _check_array(array: Any, kind: str, shape: tuple[int | None, ...], source: Path) -> None:
    """Raise InputError if an input or output has another type or shape; None stands for any size.

    The first size is that of the batch, and must not be fixed.
    """
    matches = len(array.shape) == len(shape) and not isinstance(array.shape[0], int)
    matches &= all(
        size is None or not isinstance(found, int) or found == size
        for found, size in zip(array.shape, shape, strict=False)
    )
    if array.type != kind or not matches:
        sizes = ("?" if size is None else str(size) for size in shape)
        raise InputError(
            f"{source}: expected {array.name} to be {kind} of {' × '.join(sizes)} with a batch of any size, found "
            f"{array.type} of {' × '.join(map(str, array.shape)) or 'no dimension'}; export the model again"
        )
