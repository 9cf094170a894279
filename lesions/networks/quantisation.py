"""int8: a smaller and, on most processors, faster file, whose convolutions compute with whole numbers."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from lesions.errors import InputError
from lesions.images.shards import Images
from lesions.networks.onnx_export import drop_unused_opsets, strip
from lesions.serving.manifest import IMAGES

QUANTISED = ("Conv", "Relu", "Clip", "MaxPool", "Add")
"""The operators that compute in int8, where a convolution follows. All others stay in float32, such as those that
resize, calibrate and compare with the training images."""

NUM_IMAGES, BATCH_SIZE = 256, 8
"""The images that decide the range of each operator's output, and how many of them at a time."""


def quantise(model: onnx.ModelProto, images: Images, rows: NDArray[np.int64]) -> onnx.ModelProto:
    """Return a model whose convolutions are int8, each channel with its own scale.

    Weights have seven bits. With eight, processors without VNNI instructions would clip sums of products, and the
    same file would predict other classes there than where it was tested.

    Parameters
    ----------
    images : (M, H, W, 3) uint8
        The cache.
    rows
        Rows of training images, of which up to `NUM_IMAGES` are used.

    Raises
    ------
    InputError
        If the model has no convolution.
    """
    nodes = find_quantised(model)
    if not nodes:
        raise InputError("has no convolution that could compute in int8; set export.max_drop to null")
    with TemporaryDirectory() as folder:
        whole, prepared, path = (Path(folder, f"{name}.onnx") for name in ("whole", "prepared", "int8"))
        onnx.save(model, whole)
        # What is left of it infers the shapes. Its optimisation is that of onnxruntime, and for one processor.
        quant_pre_process(whole, prepared, skip_optimization=True, skip_symbolic_shape=True)
        quantize_static(
            prepared,
            path,
            _Calibrating(images, rows[np.linspace(0, len(rows) - 1, min(NUM_IMAGES, len(rows))).astype(int)]),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=list(QUANTISED),
            nodes_to_quantize=nodes,
        )
        quantised = onnx.load(path)
    strip(quantised)
    drop_unused_opsets(quantised)
    return quantised


def find_quantised(model: onnx.ModelProto) -> list[str]:
    """Return the names of the nodes that compute in int8: convolutions, and what lies between them."""
    nodes = model.graph.node
    after = {output for node in nodes if node.op_type == "Conv" for output in node.output}
    for node in nodes:  # in the order in which they compute
        if after & {*node.input}:
            after |= {*node.output}
    before = {name for node in nodes if node.op_type == "Conv" for name in node.input}
    for node in reversed(nodes):
        if before & {*node.output}:
            before |= {*node.input}
    return [
        node.name
        for node in nodes
        if node.op_type == "Conv" or (node.op_type in QUANTISED and after & {*node.input} and before & {*node.output})
    ]


class _Calibrating(CalibrationDataReader):  # type: ignore[misc]
    """Batches of images, in the form in which onnxruntime asks for them."""

    def __init__(self, images: Images, rows: NDArray[np.int64]) -> None:
        self._batches = self._yield_batches(images, rows)

    def get_next(self) -> dict[str, NDArray[np.uint8]] | None:
        """Return the next batch, or None after the last one."""
        return next(self._batches, None)

    @staticmethod
    def _yield_batches(images: Images, rows: NDArray[np.int64]) -> Iterator[dict[str, NDArray[np.uint8]]]:
        for start in range(0, len(rows), BATCH_SIZE):
            yield {IMAGES: images[rows[start : start + BATCH_SIZE]]}
