"""Small exported models for tests: they tell images by their colour, and have every output of a real one."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from lesions.serving.manifest import (
    CALLED,
    EMBEDDING,
    IMAGES,
    MALIGNANCY,
    MAPS,
    METADATA_KEY,
    OUT_OF_DISTRIBUTION,
    PROBABILITIES,
    Manifest,
    spell_manifest,
)

SIZE_PX = 16
CLASSES = ("melanoma", "nevus", "vascular_lesion")
"""The classes, which are those of red, green and blue images; the first is malignant."""

OPSET = 20
LARGE = 1024
"""The side of the matrices that take time."""

SHARPNESS = 8.0
"""The logit of a class is its colour's share of brightness (0 to 1) times this."""


def build_manifest(**changes: Any) -> Manifest:
    """Return the manifest of the model that `build_onnx` builds."""
    values: dict[str, Any] = {
        "schema": 1,
        "model": "custom_cnn",
        "members": {},
        "classes": [{"name": name, "diagnoses": [name], "is_malignant": name == "melanoma"} for name in CLASSES],
        "decoding": {"size_px": SIZE_PX, "fit": "crop", "max_megapixels": 4},
        "num_views": 8,
        "calibration": {"method": "none", "scale": [1, 1, 1], "shift": [0, 0, 0]},
        "detector": "mahalanobis",
        "thresholds": {
            "malignancy": 0.4,
            "min_confidence": 0.5,
            "out_of_distribution": 0.9,
            "sets": {"confidence": 0.9, "probability": [0.1, 0.2, 0.3]},
        },
        "scores": {"balanced_accuracy": {"value": 0.8, "low": 0.7, "high": 0.9}},
        "num_test_images": 100,
        "num_test_groups": 50,
        "hashes": {"checkpoints": {"custom_cnn": "0" * 64}, "data": {}, "code": "0" * 64},
        "versions": {"torch": "2"},
        "licences": {"weights": {"custom_cnn": None}, "data": {"synthetic": "MIT"}},
        "intended_use": "Research; no diagnosis.",
    }
    return Manifest.model_validate(values | changes, strict=False)


def build_onnx(
    manifest: Manifest | None = None,
    *,
    has_maps: bool = True,
    shift: tuple[float, float, float] = (0, 0, 0),
    num_products: int = 0,
) -> onnx.ModelProto:
    """Build a network that calls an image by its mean colour.

    The score `out_of_distribution` is the mean brightness, so that white images are unlike all others.

    Parameters
    ----------
    shift
        Is added to the logits of the classes after the image is called.
    num_products
        So many products of large matrices are computed for nothing, to take time.
    """
    manifest = manifest or build_manifest()
    constants: dict[str, Any] = {
        "to_unit": np.array(255, np.float32),
        "space": np.array([1, 2], np.int64),
        "channels": np.array([1], np.int64),
        "sharpness": np.array(SHARPNESS, np.float32),
        "shift": np.array(shift, np.float32),
        "malignant": np.array([1, 0, 0], np.float32),
    }
    nodes = [
        helper.make_node("Cast", [IMAGES], ["raw"], to=TensorProto.FLOAT),
        helper.make_node("Div", ["raw", "to_unit"], ["pixels"]),
        helper.make_node("ReduceMean", ["pixels", "space"], [EMBEDDING], keepdims=0),
        helper.make_node("Mul", [EMBEDDING, "sharpness"], ["logits"]),
        helper.make_node("ArgMax", ["logits"], [CALLED], axis=1, keepdims=0),
        helper.make_node("Add", ["logits", "shift" if not num_products else "late_shift"], ["calibrated"]),
        helper.make_node("Softmax", ["calibrated"], [PROBABILITIES], axis=1),
        helper.make_node("MatMul", [PROBABILITIES, "malignant"], [MALIGNANCY]),
        helper.make_node("ReduceMean", [EMBEDDING, "channels"], [OUT_OF_DISTRIBUTION], keepdims=0),
        helper.make_node("Transpose", ["pixels"], [MAPS], perm=[0, 3, 1, 2]),
    ]
    if num_products:
        constants |= {"large": np.array([LARGE, LARGE], np.int64), "nothing": np.array(0, np.float32)}
        nodes[0:0] = _take_time(num_products)
    floats: dict[str, Any] = {
        PROBABILITIES: ["N", 3],
        MALIGNANCY: ["N"],
        EMBEDDING: ["N", 3],
        OUT_OF_DISTRIBUTION: ["N"],
        MAPS: ["N", 3, SIZE_PX, SIZE_PX],
    }
    outputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name, shape in floats.items()
        if has_maps or name != MAPS
    ]
    graph = helper.make_graph(
        nodes if has_maps else nodes[:-1],
        "colours",
        [helper.make_tensor_value_info(IMAGES, TensorProto.UINT8, ["N", SIZE_PX, SIZE_PX, 3])],
        [*outputs, helper.make_tensor_value_info(CALLED, TensorProto.INT64, ["N"])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)
    helper.set_model_props(model, {METADATA_KEY: spell_manifest(manifest)})
    return model


def _take_time(num_products: int) -> list[onnx.NodeProto]:
    """Return nodes that multiply matrices and add nothing to the shift."""
    nodes = [
        helper.make_node("ConstantOfShape", ["large"], ["zeros"]),
        helper.make_node("ReduceMax", [IMAGES], ["brightest"], keepdims=0),
        helper.make_node("Cast", ["brightest"], ["brightest_float"], to=TensorProto.FLOAT),
        helper.make_node("Add", ["zeros", "brightest_float"], ["product_0"]),
    ]
    for at in range(num_products):
        nodes += [
            helper.make_node("MatMul", [f"product_{at}", f"product_{at}"], [f"square_{at}"]),
            helper.make_node("Clip", [f"square_{at}", "", "to_unit"], [f"product_{at + 1}"]),
        ]
    return [
        *nodes,
        helper.make_node("ReduceMean", [f"product_{num_products}"], ["mean_product"], keepdims=0),
        helper.make_node("Mul", ["mean_product", "nothing"], ["no_shift"]),
        helper.make_node("Add", ["shift", "no_shift"], ["late_shift"]),
    ]


def write_model(path: Path, manifest: Manifest | None = None, **options: Any) -> Path:
    """Write the file of a model as `build_onnx` builds it."""
    path.write_bytes(build_onnx(manifest, **options).SerializeToString())
    return path


def write_image(path: Path, colour: tuple[int, int, int] = (200, 60, 60), *, size_px: int = 24) -> Path:
    """Write an image of nearly one colour, with a darker corner, in the format of its suffix."""
    pixels = np.full((size_px, size_px, 3), colour, np.uint8)
    pixels[: size_px // 4, : size_px // 4] //= 2
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path
