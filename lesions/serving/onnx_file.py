"""Reading an exported model's file, and refusing it before onnxruntime sees it if it is not as it was exported.

An ONNX file can name files to read (external data), operators that a library adds, and functions. None of these is in
a file that this pipeline exported, and all of them reach further than a file of weights should.
"""

import os
from hashlib import sha256
from pathlib import Path

from lesions.errors import InputError, quote_value
from lesions.formats.regular import check_regular
from lesions.serving.manifest import METADATA_KEY, Manifest, read_manifest
from lesions.serving.wire import BrokenMessageError, FieldBudget, list_fields

MAX_BYTES = 2**31 - 1
"""A message of protocol buffers, and so an ONNX file, cannot be larger."""

MAX_FIELDS = 2_000_000
"""The largest networks of timm have about a hundred thousand."""

MAX_DEPTH = 8
"""Graphs inside of a graph's operators, such as the branches of If."""

MAX_MANIFEST_BYTES = 10_000_000

OWN_DOMAINS = ("", "ai.onnx")
"""The two spellings of ONNX' own operators. onnxruntime's quantiser writes QuantizeLinear and DequantizeLinear there
too, as long as it is asked for 8 bits."""

# The numbers of fields in onnx.proto, by message.
MODEL_IR_VERSION, MODEL_GRAPH, MODEL_OPSET, MODEL_METADATA, MODEL_TRAINING, MODEL_FUNCTION = 1, 7, 8, 14, 20, 25
GRAPH_NODE, GRAPH_INITIALIZER, GRAPH_SPARSE_INITIALIZER = 1, 5, 15
NODE_OPERATOR, NODE_ATTRIBUTE, NODE_DOMAIN = 4, 5, 7
ATTRIBUTE_TENSORS, ATTRIBUTE_GRAPHS, ATTRIBUTE_SPARSE_TENSORS = (5, 10), (6, 11), (22, 23)
TENSOR_EXTERNAL_DATA, TENSOR_DATA_LOCATION = 13, 14
SPARSE_TENSOR_PARTS = (1, 2)
ENTRY_KEY, ENTRY_VALUE = 1, 2

EMPTY = memoryview(b"")

FIRST_BYTE = MODEL_IR_VERSION << 3
"""ONNX files begin with the version of their format."""

EXPORT_AGAIN = "export the model with the stage `export`, and use its model.onnx"


def read_onnx_file(path: Path) -> tuple[bytes, Manifest]:
    """Read an exported model, and return the bytes that were checked and the manifest in them.

    Raises
    ------
    InputError
        If the file cannot be read, is too large, no ONNX file or cut short; if this pipeline did not export it, or
        another version of it did; if it has external data, functions, or operators that are not ONNX' own.
    """
    data = _read_bounded(path)
    if data[:1] != bytes([FIRST_BYTE]):
        raise InputError(f"{path}: not an ONNX file; {EXPORT_AGAIN}")
    try:
        return data, read_manifest(_check_model(path, memoryview(data)), str(path))
    except BrokenMessageError as error:
        raise InputError(
            f"{path}: cut short, or not an ONNX file ({error}); copy or download it again, and compare its sha256 "
            "with that of the original"
        ) from error


def name_file(model: str, data: bytes) -> str:
    """Return the id of a model: its name and the first 12 digits of the sha256 of its file."""
    return f"{model}@{sha256(data).hexdigest()[:12]}"


def _read_bounded(path: Path) -> bytes:
    if not path.exists():
        raise InputError(f"{path}: there is no such file; {EXPORT_AGAIN}")
    check_regular(path)
    try:
        with path.open("rb") as file:
            num_bytes = os.fstat(file.fileno()).st_size
            if num_bytes > MAX_BYTES:
                raise InputError(f"{path}: has {num_bytes:,} bytes, an ONNX file may have {MAX_BYTES:,} at most")
            return file.read(MAX_BYTES)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error


def _check_model(path: Path, data: memoryview) -> str:
    """Check a whole model, and return the text of its manifest."""
    budget, numbers, manifests = FieldBudget(MAX_FIELDS), set(), []
    for number, value in list_fields(data, budget):
        numbers.add(number)
        if number == MODEL_FUNCTION:
            raise InputError(f"{path}: has functions of its own, and an exported model has none; {EXPORT_AGAIN}")
        if number == MODEL_TRAINING:
            raise InputError(f"{path}: has training information, and an exported model has none; {EXPORT_AGAIN}")
        if number == MODEL_GRAPH:
            _check_graph(path, _as_message(value), budget)
        if number == MODEL_METADATA:
            key, text = _read_entry(_as_message(value), budget)
            manifests += [text] if key == METADATA_KEY.encode() else []
    if not {MODEL_GRAPH, MODEL_OPSET} <= numbers:
        raise BrokenMessageError("it has no graph, or does not say of which version its operators are")
    if len(manifests) != 1 or len(manifests[0]) > MAX_MANIFEST_BYTES:
        raise InputError(
            f"{path}: not exported by lesions: among its metadata is no manifest ({METADATA_KEY}); {EXPORT_AGAIN}"
        )
    return manifests[0].decode("utf-8", "replace")


def _check_graph(path: Path, graph: memoryview, budget: FieldBudget, depth: int = 0) -> None:
    if depth > MAX_DEPTH:
        raise BrokenMessageError(f"graphs inside of graphs, more than {MAX_DEPTH} deep")
    for number, value in list_fields(graph, budget):
        if number == GRAPH_NODE:
            _check_node(path, _as_message(value), budget, depth)
        elif number == GRAPH_INITIALIZER:
            _check_tensor(path, _as_message(value), budget)
        elif number == GRAPH_SPARSE_INITIALIZER:
            _check_sparse_tensor(path, _as_message(value), budget)


def _check_node(path: Path, node: memoryview, budget: FieldBudget, depth: int) -> None:
    domains, operator = [], ""
    for number, value in list_fields(node, budget):
        if number == NODE_OPERATOR:
            operator = _decode(value)
        elif number == NODE_DOMAIN:
            domains.append(_decode(value))
        elif number == NODE_ATTRIBUTE:
            _check_attribute(path, _as_message(value), budget, depth)
    for domain in domains:
        if domain not in OWN_DOMAINS:
            raise InputError(
                f"{path}: has the operator {quote_value(operator)} of {quote_value(domain)}, and an exported model "
                f"has only ONNX' own; {EXPORT_AGAIN}"
            )


def _check_attribute(path: Path, attribute: memoryview, budget: FieldBudget, depth: int) -> None:
    for number, value in list_fields(attribute, budget):
        if number in ATTRIBUTE_TENSORS:
            _check_tensor(path, _as_message(value), budget)
        elif number in ATTRIBUTE_SPARSE_TENSORS:
            _check_sparse_tensor(path, _as_message(value), budget)
        elif number in ATTRIBUTE_GRAPHS:
            _check_graph(path, _as_message(value), budget, depth + 1)


def _check_sparse_tensor(path: Path, tensor: memoryview, budget: FieldBudget) -> None:
    for number, value in list_fields(tensor, budget):
        if number in SPARSE_TENSOR_PARTS:
            _check_tensor(path, _as_message(value), budget)


def _check_tensor(path: Path, tensor: memoryview, budget: FieldBudget) -> None:
    for number, value in list_fields(tensor, budget):
        if number == TENSOR_EXTERNAL_DATA or (number == TENSOR_DATA_LOCATION and value):
            raise InputError(
                f"{path}: keeps weights in other files (external data), which are not read; {EXPORT_AGAIN}"
            )


def _read_entry(entry: memoryview, budget: FieldBudget) -> tuple[bytes, bytes]:
    """Return the key and the value of an entry of the metadata."""
    fields = dict(list_fields(entry, budget))
    key, text = (bytes(_as_message(fields.get(number, EMPTY))) for number in (ENTRY_KEY, ENTRY_VALUE))
    return key, text


def _as_message(value: int | memoryview) -> memoryview:
    if isinstance(value, int):
        raise BrokenMessageError("a number is where a message belongs")
    return value


def _decode(value: int | memoryview) -> str:
    return bytes(_as_message(value)).decode("utf-8", "replace")
