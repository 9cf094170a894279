"""An exported model in Python: what it answers, and what it refuses to load."""

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from PIL import Image

from lesions.errors import InputError
from lesions.hardware import processors
from lesions.images.decode import decode_image
from lesions.serving.model import Model, load_model
from lesions.serving.stream import count_in_batch
from tests.builders import ROOT
from tests.served import CLASSES, SHARPNESS, build_manifest, build_onnx, write_image, write_model


@pytest.fixture
def model(tmp_path: Path) -> Model:
    return load_model(write_model(tmp_path / "model.onnx"), num_threads=1)


def test_an_answer_has_what_the_file_and_its_manifest_say(tmp_path: Path, model: Model) -> None:
    path = write_image(tmp_path / "red.png")
    (answer,) = model.predict([path])
    mean = decode_image(path.read_bytes(), model.manifest.decoding).pixels.mean(axis=(0, 1)) / 255
    weights = np.exp(SHARPNESS * mean)
    assert list(answer.probabilities) == list(CLASSES)
    assert list(answer.probabilities.values()) == pytest.approx(list(weights / weights.sum()), abs=1e-6)
    assert (answer.file, answer.status, answer.reason) == (str(path), "ok", None)
    assert answer.diagnosis == "melanoma"
    assert answer.malignancy == answer.probabilities["melanoma"]
    assert answer.is_called_malignant
    assert answer.prediction_set == ("melanoma",)
    assert not answer.abstains
    assert answer.out_of_distribution == pytest.approx(mean.mean(), abs=1e-6)
    assert answer.model == model.id
    assert model.id.startswith("custom_cnn@")
    assert len(model.id) == len("custom_cnn@") + 12


def test_the_diagnosis_is_what_the_image_is_called_and_not_the_most_probable_class(tmp_path: Path) -> None:
    path = write_model(tmp_path / "model.onnx", shift=(-9, 0, 0))
    (answer,) = load_model(path).predict([write_image(tmp_path / "red.png")])
    assert answer.diagnosis == "melanoma"
    assert max(answer.probabilities, key=lambda name: answer.probabilities[name]) == "nevus"
    # The probability of the diagnosis decides, not the highest.
    assert answer.abstains
    assert answer.prediction_set == ("nevus", "vascular_lesion")


def test_what_is_refused_has_no_probability_and_stops_nothing(tmp_path: Path, model: Model) -> None:
    good = write_image(tmp_path / "good.jpg")
    (tmp_path / "text.jpg").write_text("no image")
    (tmp_path / "empty.png").write_bytes(b"")
    Image.new("RGB", (30, 30), (9, 200, 9)).save(tmp_path / "plain.png")
    os.mkfifo(tmp_path / "pipe.png")
    cut = tmp_path / "cut.jpg"
    cut.write_bytes(good.read_bytes()[:300])
    frames = [Image.new("RGB", (30, 30), (shade, 0, 0)) for shade in (0, 100, 200)]
    frames[0].save(tmp_path / "film.webp", save_all=True, append_images=frames[1:])
    deep = np.linspace(0, 900, 900, dtype=np.uint16).reshape(30, 30)
    Image.fromarray(deep).save(tmp_path / "deep.png")
    reasons = {
        "text.jpg": "not an image",
        "empty.png": "the file is empty (0 bytes)",
        "plain.png": "",
        "pipe.png": "not a file, but a folder, a pipe, a socket or a device",
        "cut.jpg": "broken image: ",
        "film.webp": "several images in one file, animated or in pages; expected one still image",
        "deep.png": "",
        "missing.png": "there is no such file",
        ".": "not a file, but a folder, a pipe, a socket or a device",
        "a\0b.png": "embedded null byte",
    }
    files: list[str | Path] = [good, *(f"{tmp_path}/{name}" for name in reasons), good]
    first, *refused, last = model.predict(files)
    assert first == last
    assert first.status == "ok"
    for answer, reason in zip(refused, reasons.values(), strict=True):
        assert (answer.status, answer.probabilities) == ("refused", {})
        assert answer.reason
        assert answer.reason.startswith(reason)
        assert {answer.diagnosis, answer.malignancy, answer.prediction_set, answer.abstains} == {None}


def test_too_large_a_file_is_refused(tmp_path: Path, model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lesions.serving.stream.MAX_FILE_BYTES", 10)
    (answer,) = model.predict([write_image(tmp_path / "a.png")])
    assert answer.reason
    assert answer.reason.endswith("bytes, an image file may have 10 at most")


def test_an_image_with_a_higher_score_is_not_like_the_training_images(tmp_path: Path, model: Model) -> None:
    (answer,) = model.predict([write_image(tmp_path / "white.png", (255, 255, 254))])
    assert answer.status == "not like the training images"
    assert answer.reason
    assert answer.reason.endswith("is above 0.9")
    assert answer.probabilities


def test_an_image_is_turned_upright_as_in_training(tmp_path: Path, model: Model) -> None:
    pixels = np.zeros((40, 24, 3), np.uint8)
    pixels[:24] = (200, 30, 30)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(pixels).save(tmp_path / "turned.png", exif=exif)
    Image.fromarray(np.rot90(pixels, -1)).save(tmp_path / "upright.png")
    turned, upright = model.predict([tmp_path / "turned.png", tmp_path / "upright.png"])
    assert turned.probabilities == upright.probabilities


def test_min_confidence_overrides_that_of_the_manifest(tmp_path: Path, model: Model) -> None:
    path = write_image(tmp_path / "red.png")
    assert [model.predict([path], min_confidence=each)[0].abstains for each in (0, 1)] == [False, True]
    with pytest.raises(InputError, match=r"min_confidence: expected a number from 0 to 1, got 1\.5"):
        model.predict([path], min_confidence=1.5)


def test_a_single_path_is_no_list(model: Model) -> None:
    with pytest.raises(InputError, match=r"expected a list of paths, got the one path 'a\.jpg'; put it into a list"):
        model.predict("a.jpg")


def test_several_threads_may_use_one_model(tmp_path: Path, model: Model) -> None:
    generator = np.random.default_rng(0)
    colours = generator.integers(0, 255, (40, 3))
    paths = [write_image(tmp_path / f"{at}.png", (*map(int, colour),)) for at, colour in enumerate(colours)]  # type: ignore[arg-type]
    expected = model.predict(paths)
    with ThreadPoolExecutor(8) as threads:
        assert all(answers == expected for answers in threads.map(model.predict, [paths] * 16))


def test_files_are_answered_in_their_order_whatever_the_batch(tmp_path: Path) -> None:
    manifest = build_manifest(decoding={"size_px": 16, "fit": "crop", "max_megapixels": 4})
    model = load_model(write_model(tmp_path / "model.onnx", manifest))
    paths = [write_image(tmp_path / f"{at}.png", (at, 0, 90)) for at in range(100)]
    assert count_in_batch(manifest) == 32
    answers = model.predict(paths)
    assert [answer.file for answer in answers] == list(map(str, paths))
    shares = [answer.out_of_distribution or 0 for answer in answers]
    assert shares == sorted(shares)


def test_batches_are_small_where_images_or_views_are_many() -> None:
    sizes = {(224, 1): 32, (224, 8): 4, (450, 8): 1, (2048, 8): 1}
    for (size_px, num_views), expected in sizes.items():
        decoding = {"size_px": size_px, "fit": "crop", "max_megapixels": 4}
        assert count_in_batch(build_manifest(decoding=decoding, num_views=num_views)) == expected


def test_threads_are_as_many_as_the_processors_of_the_container(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_model(tmp_path / "model.onnx")
    monkeypatch.setattr(processors, "list_quotas", lambda: iter([0.5]))
    model = load_model(path)
    assert model._network._session.get_session_options().intra_op_num_threads == 1
    assert load_model(path, num_threads=3)._network._session.get_session_options().intra_op_num_threads == 3
    with pytest.raises(InputError, match="num_threads: expected at least 1, got 0"):
        load_model(path, num_threads=0)


def test_numbers_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    graph = build_onnx()
    graph.graph.initializer[0].CopyFrom(onnx.numpy_helper.from_array(np.array(0, np.float32), "to_unit"))
    path = tmp_path / "model.onnx"
    path.write_bytes(graph.SerializeToString())
    (answer,) = load_model(path).predict([write_image(tmp_path / "red.png")])
    assert (answer.status, answer.probabilities) == ("refused", {})
    assert answer.reason == "the model gives no probabilities for it: its numbers are not finite"


def value(name: str, kind: int, shape: list[int | str]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)


def replace_input(kind: int, shape: list[int | str]) -> Callable[[onnx.GraphProto], None]:
    return lambda graph: graph.input[0].CopyFrom(value("images", kind, shape))


def rename_called(graph: onnx.GraphProto) -> None:
    graph.node[4].output[0] = graph.output[-1].name = "predicted"


def add_input(graph: onnx.GraphProto) -> None:
    graph.input.append(value("more", TensorProto.FLOAT, [1]))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (replace_input(TensorProto.UINT8, ["N", 17, 17, 3]), "expected images to be .* × 16 × 16 × 3 with a batch"),
        (replace_input(TensorProto.UINT8, [1, 16, 16, 3]), "found tensor.uint8. of 1 × 16 × 16 × 3; export"),
        (replace_input(TensorProto.INT8, ["N", 16, 16, 3]), "found tensor.int8."),
        (rename_called, "has no output called, which its manifest needs; export the model again"),
        (add_input, "expected the one input images, found images, more"),
        (lambda graph: graph.node[0].CopyFrom(helper.make_node("None", ["images"], ["raw"])), "cannot load it"),
    ],
)  # fmt: skip
def test_a_graph_that_is_not_as_its_manifest_says_is_refused(
    tmp_path: Path, change: Callable[[onnx.GraphProto], None], message: str
) -> None:
    model = build_onnx()
    change(model.graph)
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(InputError, match=message) as refused:
        load_model(path)
    assert str(refused.value).startswith(f"{path}: ")


def test_the_number_of_classes_must_be_that_of_the_manifest(tmp_path: Path) -> None:
    classes = [{"name": name, "diagnoses": [name], "is_malignant": None} for name in "ab"]
    thresholds = build_manifest().thresholds.model_dump() | {
        "malignancy": None,
        "sets": {"confidence": 0.9, "probability": [0.1, 0.1]},
    }
    calibration = {"method": "none", "scale": [1, 1], "shift": [0, 0]}
    manifest = build_manifest(classes=classes, thresholds=thresholds, calibration=calibration)
    with pytest.raises(InputError, match=r"expected probabilities to be tensor\(float\) of . × 2"):
        load_model(write_model(tmp_path / "model.onnx", manifest))


def test_without_a_malignant_side_there_is_no_malignancy(tmp_path: Path) -> None:
    thresholds = build_manifest().thresholds.model_dump() | {"malignancy": None}
    model = load_model(write_model(tmp_path / "model.onnx", build_manifest(thresholds=thresholds)))
    (answer,) = model.predict([write_image(tmp_path / "red.png")])
    assert (answer.malignancy, answer.is_called_malignant) == (None, None)


def test_predicting_sends_nothing_to_anybody_and_keeps_no_identifier(tmp_path: Path) -> None:
    # onnxruntime would write what it sends into the home folder first.
    path, image = write_model(tmp_path / "model.onnx"), write_image(tmp_path / "red.png")
    home = tmp_path / "home"
    home.mkdir()
    program = f"from lesions import load_model; print(load_model({str(path)!r}).predict([{str(image)!r}]))"
    # Variables of continuous integration switch it off too.
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": str(home)}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)
    assert [*home.rglob("*")] == []
