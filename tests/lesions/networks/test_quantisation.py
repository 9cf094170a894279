"""In int8 the convolutions compute with whole numbers, and everything else as it did."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from lesions.errors import InputError
from lesions.networks.onnx_export import check_portable, spell_onnx
from lesions.networks.quantisation import find_quantised, quantise
from lesions.serving.manifest import IMAGES as INPUT
from lesions.serving.manifest import spell_manifest
from lesions.serving.onnx_file import read_onnx_file
from tests.exports import IMAGES, build_small_manifest, export, open_network
from tests.served import build_onnx

ROWS = np.arange(7)


@pytest.fixture(scope="module")
def model() -> onnx.ModelProto:
    return onnx.load_from_string(export("views"))


@pytest.fixture(scope="module")
def int8(model: onnx.ModelProto) -> onnx.ModelProto:
    return quantise(model, IMAGES, ROWS)


def test_convolutions_have_seven_bits_and_a_scale_for_each_channel(
    model: onnx.ModelProto, int8: onnx.ModelProto
) -> None:
    tensors = {tensor.name: numpy_helper.to_array(tensor) for tensor in int8.graph.initializer}
    made_by = {name: node for node in int8.graph.node for name in node.output}
    convolutions = [node for node in int8.graph.node if node.op_type == "Conv"]
    assert len(convolutions) == 2
    for node, width in zip(convolutions, (4, 8), strict=True):
        weight, scale, _ = made_by[node.input[1]].input
        assert tensors[weight].dtype == np.int8
        assert np.abs(tensors[weight]).max() <= 64
        assert tensors[scale].shape == (width,)
        assert made_by[node.input[0]].op_type == "DequantizeLinear"
    # The weights of the head, of the detector and of the resizing stay as they are.
    floats = {"MatMul", "Gemm", "Softmax", "ArgMax", "ReduceMean"}
    kept = [node for node in int8.graph.node if node.op_type in floats]
    assert Counter(node.op_type for node in kept) == Counter(
        node.op_type for node in model.graph.node if node.op_type in floats
    )
    # Pooling may pass on what a convolution gave; nothing else takes whole numbers.
    takers = {
        node.op_type
        for node in int8.graph.node
        if any(name in made_by and made_by[name].op_type == "DequantizeLinear" for name in node.input)
    }
    assert takers <= {"Conv", "MaxPool", "Relu", "Reshape", "ReduceMean", "QuantizeLinear"}


def test_the_file_predicts_nearly_the_same_and_passes_the_checks(int8: onnx.ModelProto, tmp_path: Path) -> None:
    data = spell_onnx(int8, spell_manifest(build_small_manifest()))
    path = tmp_path / "model.int8.onnx"
    path.write_bytes(data)
    assert read_onnx_file(path)[0] == data
    check_portable(int8)
    assert b".py" not in data
    whole, found = (open_network(each).run(IMAGES).numbers for each in (export("views"), data))
    difference = [
        np.abs(one.probabilities - other.probabilities).max() for one, other in zip(whole, found, strict=True)
    ]
    assert 0 < max(difference) < 0.05


def test_the_same_images_give_the_same_bytes(model: onnx.ModelProto, int8: onnx.ModelProto) -> None:
    assert spell_onnx(quantise(model, IMAGES, ROWS), "{}") == spell_onnx(int8, "{}")


def test_a_network_without_convolution_is_refused() -> None:
    with pytest.raises(
        InputError, match=r"^has no convolution that could compute in int8; set export\.max_drop to null$"
    ):
        quantise(build_onnx(), np.zeros((2, 16, 16, 3), np.uint8), np.arange(2))


def test_what_lies_between_two_convolutions_is_quantised_and_what_lies_outside_is_not() -> None:
    layers = [
        ("Relu", [INPUT], "before"),
        ("Conv", ["before", "w"], "one"),
        ("Relu", ["one"], "relu"),
        ("Sigmoid", ["relu"], "gate"),  # between them, but none of those that compute in int8
        ("MaxPool", ["gate"], "pool"),
        ("Add", ["pool", "relu"], "sum"),
        ("Conv", ["sum", "w"], "two"),
        ("Relu", ["two"], "after"),
        ("Add", ["after", "relu"], "y"),
    ]
    nodes = [helper.make_node(kind, inputs, [output], name=f"n_{output}") for kind, inputs, output in layers]
    given, made = (helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in (INPUT, "y"))
    model = helper.make_model(helper.make_graph(nodes, "g", [given], [made]))
    assert find_quantised(model) == ["n_one", "n_relu", "n_pool", "n_sum", "n_two"]


def test_at_most_so_many_images_are_used_and_they_are_spread(
    model: onnx.ModelProto, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[np.ndarray] = []

    class Watched(np.ndarray):
        """Pixels that note which rows are taken."""

        def __getitem__(self, rows: Any) -> Any:
            if isinstance(rows, np.ndarray):
                seen.append(rows)
            return np.asarray(super().__getitem__(rows))

    monkeypatch.setattr("lesions.networks.quantisation.NUM_IMAGES", 4)
    monkeypatch.setattr("lesions.networks.quantisation.BATCH_SIZE", 3)
    quantise(model, IMAGES.view(Watched), np.array([6, 5, 4, 3, 2, 1, 0]))
    assert np.concatenate(seen).tolist() == [6, 4, 2, 0]
    assert [len(each) for each in seen] == [3, 1]
