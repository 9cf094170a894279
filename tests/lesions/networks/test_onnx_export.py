"""An exported file needs nothing but itself, says nothing of the machine, and is the same to the byte."""

import re
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from lesions.errors import InputError
from lesions.networks import onnx_export
from lesions.networks.onnx_export import check_portable, export_onnx, spell_onnx, strip
from lesions.serving.onnx_file import read_onnx_file
from tests.builders import ROOT, small_cnn
from tests.exports import CACHED_PX, NAMES, build_small_manifest, export, serve, serve_all


@pytest.mark.parametrize("name", NAMES)
def test_a_file_has_only_operators_of_onnx_and_says_nothing_of_its_making(name: str) -> None:
    data = export(name)
    model = onnx.load_from_string(data)
    onnx.checker.check_model(model, full_check=True)
    assert {node.domain for node in model.graph.node} == {""}
    assert [(opset.domain, opset.version) for opset in model.opset_import] == [("", 20)]
    assert not model.functions
    assert {tensor.data_location for tensor in model.graph.initializer} == {TensorProto.DEFAULT}
    assert [entry.key for entry in model.metadata_props] == ["lesions"]
    assert not [node for node in model.graph.node if node.doc_string or node.metadata_props]
    for trace in (
        str(ROOT),
        str(Path.home()),
        "site-packages",
        'File "',
        "stack_trace",
        "doc_string",
        ".py",
    ):
        assert trace.encode() not in data, trace
    assert not re.search(rb"/\w+/\w+/", data)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_passes_the_checks_of_those_who_use_it(name: str, tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(export(name))
    assert read_onnx_file(path) == (export(name), build_small_manifest())


@pytest.mark.slow
def test_the_same_network_gives_the_same_bytes_from_another_folder(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    for name in ("lesions", "tests"):
        (tmp_path / "project" / name).symlink_to(ROOT / name)
    script = (
        "from hashlib import sha256; from tests.exports import export; print(sha256(export('views')).hexdigest())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path / "project",
        env={"PATH": "", "PYTHONPATH": str(tmp_path / "project"), "PYTHONHASHSEED": "7", "HOME": str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    assert done.stdout.split()[-1] == sha256(export("views")).hexdigest()


def test_weights_count_once_towards_the_largest_size(monkeypatch: pytest.MonkeyPatch) -> None:
    served = serve_all(serve(small_cnn()))
    # In its state they are there under three names.
    state = served.state_dict().values()
    num_bytes = sum({tensor.data_ptr(): tensor.nbytes for tensor in state}.values())
    assert num_bytes < sum(tensor.nbytes for tensor in state)
    monkeypatch.setattr(onnx_export, "MAX_BYTES", num_bytes - 1)
    with pytest.raises(InputError, match=r"^has weights of 0\.0 GB, and one ONNX file holds 0\.0 GB$"):
        export_onnx(served, CACHED_PX)
    monkeypatch.setattr(onnx_export, "MAX_BYTES", num_bytes)
    # It is not too large; it would be exported if it gave what can be.
    monkeypatch.setattr(served, "forward", lambda _: {"probabilities": object()})
    with pytest.raises(InputError, match=r"^cannot be written with the operators of ONNX 20: "):
        export_onnx(served, CACHED_PX)


class Inspecting(nn.Module):
    """A network of one's own that asks for the values of an image."""

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        sums = images.float().sum(dim=(1, 2, 3))
        return {"probabilities": sums if sums[0].item() > 0 else -sums}


def test_a_network_that_cannot_be_exported_is_refused_with_the_reason() -> None:
    with pytest.raises(InputError, match=r"^cannot be written with the operators of ONNX 20: \S.{0,300}$"):
        export_onnx(Inspecting(), 4)


def graph(domain: str = "", *, batch: str | int = "N") -> onnx.ModelProto:
    """Return a model of one operator."""
    node = helper.make_node("Relu", ["images"], ["y"], domain=domain, doc_string="File 'a.py'")
    node.metadata_props.add(key="pkg.torch.onnx.stack_trace", value="File /home/me")
    given, made = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [batch, 3]) for name in ("images", "y"))
    made.doc_string = "here"
    return helper.make_model(
        helper.make_graph([node], "g", [given], [made], [numpy_helper.from_array(np.zeros(1), "zero")]),
        opset_imports=[helper.make_opsetid("", 20), helper.make_opsetid("pkg.unused", 1)],
    )


def test_what_says_how_a_file_was_made_is_removed_at_every_level() -> None:
    # A branch of If is a graph inside of an attribute of a node.
    model = graph()
    inner = graph().graph
    model.graph.node.append(helper.make_node("If", ["c"], ["z"], then_branch=inner, else_branch=inner))
    assert b"/home/me" in model.SerializeToString()
    strip(model)
    assert not re.search(rb"home|a\.py|here|stack", model.SerializeToString())
    assert [node.op_type for node in model.graph.node] == ["Relu", "If"]


def test_a_file_that_needs_more_than_onnx_or_a_number_of_images_is_refused() -> None:
    model = graph()
    check_portable(model)
    assert [opset.domain for opset in model.opset_import] == [""]
    with pytest.raises(InputError, match=r"^needs operators that are not ONNX's own, of com\.me, torch$"):
        foreign = graph("com.me")
        foreign.graph.node.add(op_type="x", domain="torch")
        check_portable(foreign)
    with pytest.raises(InputError, match=r"^needs operators that are not ONNX's own, of its own functions$"):
        with_functions = graph()
        with_functions.functions.add(name="f")
        check_portable(with_functions)
    with pytest.raises(InputError, match=r"^computes with the number of images, so that it can be exported for one"):
        check_portable(graph(batch=2))


def test_a_file_holds_the_last_manifest_alone() -> None:
    model = graph()
    first = spell_onnx(model, '{"a": 1}')
    assert spell_onnx(model, '{"b": 2}') != first
    assert spell_onnx(model, '{"a": 1}') == first
    entries = onnx.load_from_string(first).metadata_props
    assert [(entry.key, entry.value) for entry in entries] == [("lesions", '{"a": 1}')]
