"""Writing a network as one ONNX file: the same bytes wherever it is made, and nothing of the machine that made it."""

import onnx
import torch
from google.protobuf.message import Message
from torch import nn

from lesions.errors import InputError
from lesions.serving.manifest import IMAGES, METADATA_KEY
from lesions.serving.onnx_file import MAX_BYTES, OWN_DOMAINS

OPSET = 20
"""The version of ONNX's operators that files use; onnxruntime reads it since 1.17."""

ABOUT_THE_MAKING = ("doc_string", "metadata_props")
"""Fields, at every level of a file, into which exporters write stack traces and paths of the machine."""


def export_onnx(served: nn.Module, cached_px: int) -> onnx.ModelProto:
    """Return a served model as an ONNX model, for any number of images at a time.

    Parameters
    ----------
    served
        On the CPU; it maps pixels (N, cached_px, cached_px, 3) uint8 to outputs by name.

    Raises
    ------
    InputError
        If the network is too large, or does what ONNX has no operators for.
    """
    served.eval()
    # Once each: a network's backbone is in it under several names.
    num_bytes = sum(tensor.nbytes for tensor in (*served.parameters(), *served.buffers()))
    if num_bytes > MAX_BYTES:
        raise InputError(f"has weights of {num_bytes / 1e9:.1f} GB, and one ONNX file holds {MAX_BYTES / 1e9:.1f} GB")
    # Of a single image, the exporter would take the number for a constant.
    example = torch.zeros(2, cached_px, cached_px, 3, dtype=torch.uint8)
    with torch.no_grad():
        names = list(served(example))
    try:
        program = torch.onnx.export(
            served,
            (example,),
            dynamo=True,
            opset_version=OPSET,
            input_names=[IMAGES],
            output_names=names,
            dynamic_shapes=({0: torch.export.Dim("N")},),
            verbose=False,
        )
    except Exception as error:  # a network of one's own may do anything
        raise InputError(
            f"cannot be written with the operators of ONNX {OPSET}: {' '.join(str(error).split())[:300]}"
        ) from error
    assert program is not None
    model = program.model_proto
    strip(model)
    check_portable(model)
    return model


def drop_unused_opsets(model: onnx.ModelProto) -> None:
    """Remove the foreign sets of operators that exporters list although no node uses them."""
    for opset in [opset for opset in model.opset_import if opset.domain not in OWN_DOMAINS]:
        model.opset_import.remove(opset)


def strip(message: Message) -> None:
    """Remove from a message, and from all that it holds, what says how it was made."""
    for field, value in message.ListFields():
        if field.name in ABOUT_THE_MAKING:
            message.ClearField(field.name)
        elif field.type == field.TYPE_MESSAGE:
            for part in value if isinstance(value, list) or hasattr(value, "add") else [value]:
                strip(part)


def check_portable(model: onnx.ModelProto) -> None:
    """Raise InputError if a model needs other operators than ONNX's own, or a fixed number of images."""
    foreign = sorted({node.domain for node in model.graph.node} - {*OWN_DOMAINS})
    if foreign or model.functions:
        raise InputError(f"needs operators that are not ONNX's own, of {', '.join(foreign) or 'its own functions'}")
    if not model.graph.input[0].type.tensor_type.shape.dim[0].dim_param:
        raise InputError("computes with the number of images, so that it can be exported for one number only")
    drop_unused_opsets(model)


def spell_onnx(model: onnx.ModelProto, manifest: str) -> bytes:
    """Return the file of a model with its manifest; the same model and manifest give the same bytes."""
    onnx.helper.set_model_props(model, {METADATA_KEY: manifest})
    return model.SerializeToString(deterministic=True)
