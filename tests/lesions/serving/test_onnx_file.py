"""An exported model's file is checked before onnxruntime sees it."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from lesions.errors import InputError
from lesions.serving import onnx_file
from lesions.serving.manifest import METADATA_KEY, spell_manifest
from lesions.serving.onnx_file import read_onnx_file
from tests.served import build_manifest, build_onnx, write_model

Break = Callable[[onnx.ModelProto], None]


def external(name: str) -> TensorProto:
    tensor = numpy_helper.from_array(np.zeros(3, np.float32), name)
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../etc/passwd")
    return tensor


def refuse(path: Path, message: str) -> None:
    with pytest.raises(InputError, match=message) as refused:
        read_onnx_file(path)
    assert str(refused.value).startswith(f"{path}: ")


def test_the_bytes_that_were_checked_and_the_manifest_are_returned(tmp_path: Path) -> None:
    path = write_model(tmp_path / "model.onnx")
    data, manifest = read_onnx_file(path)
    assert data == path.read_bytes()
    assert spell_manifest(manifest) == spell_manifest(build_manifest())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not an ONNX file; export the model"),
        (b"This is a text.", "not an ONNX file; export the model"),
        (b"\x89PNG\r\n\x1a\n", "not an ONNX file"),
        (b"\x08", r"cut short, or not an ONNX file \(it ends within a number\); copy or download it again"),
        (b"\x08\x0a", "cut short, or not an ONNX file .it has no graph"),
        (b"\x08\x0a\x07\x01", "a field has the number 0"),
        (b"\x08\x0a\x0b", "a field has the unknown wire type 3"),
        (b"\x08" + b"\xff" * 10, "a number has more than 64 bits"),
        (b"\x08\x0a\x3a\x00\x42\x00", "not exported by lesions: among its metadata is no manifest"),
        (b"\x08\x0a\x38\x01", "a number is where a message belongs"),
    ],
)
def test_what_is_no_model_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    refuse(path, message)


def test_a_missing_file_a_folder_and_a_file_that_is_too_large_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(tmp_path / "none.onnx", "there is no such file; export the model with the stage `export`")
    refuse(tmp_path, "not a file, but a folder")
    path = write_model(tmp_path / "model.onnx")
    monkeypatch.setattr(onnx_file, "MAX_BYTES", 100)
    refuse(path, r"has [\d,]+ bytes, an ONNX file may have 100 at most")


def test_a_file_that_is_cut_anywhere_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    whole = build_onnx().SerializeToString()
    for length in range(1, len(whole)):
        path.write_bytes(whole[:length])
        refuse(path, "cut short, or not an ONNX file|not exported by lesions")


def test_too_many_fields_and_graphs_that_are_nested_too_deeply_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = helper.make_graph([], "innermost", [], [])
    for _ in range(onnx_file.MAX_DEPTH + 1):
        graph = helper.make_graph([helper.make_node("If", ["c"], ["y"], then_branch=graph)], "g", [], [])
    model = build_onnx()
    model.graph.node.extend(graph.node)
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString())
    refuse(path, "graphs inside of graphs, more than 8 deep")
    monkeypatch.setattr(onnx_file, "MAX_FIELDS", 20)
    refuse(path, "it has more fields than any network needs")


def in_initializer(model: onnx.ModelProto) -> None:
    model.graph.initializer.append(external("w"))


def in_attribute(model: onnx.ModelProto) -> None:
    model.graph.node.append(helper.make_node("Constant", [], ["c"], value=external("w")))


def in_subgraph(model: onnx.ModelProto) -> None:
    branch = helper.make_graph([], "then", [], [], [external("w")])
    model.graph.node.append(helper.make_node("If", ["c"], ["y"], then_branch=branch))


def in_sparse_initializer(model: onnx.ModelProto) -> None:
    model.graph.sparse_initializer.add().values.CopyFrom(external("w"))


def in_sparse_attribute(model: onnx.ModelProto) -> None:
    node = model.graph.node.add(op_type="Constant", output=["c"])
    node.attribute.add(name="sparse_value", type=onnx.AttributeProto.SPARSE_TENSOR).sparse_tensor.indices.CopyFrom(
        external("w")
    )


def without_location(model: onnx.ModelProto) -> None:
    tensor = external("w")
    tensor.ClearField("data_location")
    model.graph.initializer.append(tensor)


def without_place(model: onnx.ModelProto) -> None:
    tensor = external("w")
    tensor.ClearField("external_data")
    model.graph.initializer.append(tensor)


@pytest.mark.parametrize(
    "hide",
    [
        *(in_initializer, in_attribute, in_subgraph, in_sparse_initializer, in_sparse_attribute),
        *(without_location, without_place),
    ],
)
def test_external_data_is_refused_wherever_it_is(tmp_path: Path, hide: Break) -> None:
    model = build_onnx()
    hide(model)
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString())
    refuse(path, r"keeps weights in other files \(external data\), which are not read; export the model")


def custom_operator(model: onnx.ModelProto) -> None:
    model.graph.node.append(helper.make_node("Evil", ["images"], ["y"], domain="com.evil"))


def contributed_operator(model: onnx.ModelProto) -> None:
    model.graph.node.append(helper.make_node("EPContext", ["images"], ["y"], domain="com.microsoft"))


def custom_operator_in_branch(model: onnx.ModelProto) -> None:
    branch = helper.make_graph([helper.make_node("Evil", [], ["y"], domain="com.evil")], "then", [], [])
    model.graph.node.append(helper.make_node("If", ["c"], ["y"], then_branch=branch))


@pytest.mark.parametrize("add", [custom_operator, contributed_operator, custom_operator_in_branch])
def test_operators_that_are_not_onnx_own_are_refused(tmp_path: Path, add: Break) -> None:
    model = build_onnx()
    add(model)
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString())
    refuse(
        path, "has the operator '(Evil|EPContext)' of 'com.(evil|microsoft)', and an exported model has only ONNX'"
    )


def test_functions_and_training_information_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    model = build_onnx()
    model.functions.append(
        helper.make_function("", "Relu", ["x"], ["y"], [helper.make_node("Abs", ["x"], ["y"])], [])
    )
    path.write_bytes(model.SerializeToString())
    refuse(path, "has functions of its own, and an exported model has none; export the model")
    model = build_onnx()
    model.training_info.add()
    path.write_bytes(model.SerializeToString())
    refuse(path, "has training information, and an exported model has none")


def test_a_model_without_manifest_or_with_two_was_not_exported_by_lesions(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    model = build_onnx()
    model.metadata_props.add().CopyFrom(model.metadata_props[0])
    path.write_bytes(model.SerializeToString())
    refuse(path, "not exported by lesions: among its metadata is no manifest")
    model.ClearField("metadata_props")
    path.write_bytes(model.SerializeToString())
    refuse(path, "not exported by lesions")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "its manifest is not JSON"),
        ("[]", "its manifest has schema None"),
        ('{"schema": 2}', "its manifest has schema 2, and this version of lesions reads 1; export the model again"),
        ('{"schema": 1}', "not a manifest of this pipeline: model: Field required"),
    ],
)
def test_a_manifest_of_another_schema_or_of_none_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "model.onnx"
    model = build_onnx()
    helper.set_model_props(model, {METADATA_KEY: text})
    path.write_bytes(model.SerializeToString())
    refuse(path, re.escape(message))


def test_a_manifest_whose_classes_and_numbers_differ_is_refused(tmp_path: Path) -> None:
    values = json.loads(spell_manifest(build_manifest()))
    values["calibration"]["scale"] = [1.0, 1.0]
    model = build_onnx()
    helper.set_model_props(model, {METADATA_KEY: json.dumps(values)})
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString())
    refuse(path, "calibration.scale has 2 numbers for 3 classes")
