"""What a service answers: the same as `lesions predict`."""

import base64
import io
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from lesions.command_line.app import commands
from lesions.service.answering import spell_map
from lesions.serving.card import build_card
from lesions.serving.manifest import spell_manifest
from lesions.serving.model import load_model
from tests.served import SIZE_PX, build_manifest, write_model
from tests.services import Service, check_alike

NAMES = ("red.png", "text.jpg", "green.jpg", "blue.webp", "white.png", "cut.png", "empty.png")


@pytest.fixture
def rows(
    tmp_path: Path, model: Path, images: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> list[dict[str, object]]:
    """What `lesions predict` says of the same images, and of all together."""
    monkeypatch.chdir(tmp_path)
    for name in NAMES:
        Path(name).write_bytes(images[name])
    Path("table.csv").write_text("file,lesion\n" + "".join(f"{name},lesion\n" for name in NAMES))
    arguments = ["table.csv", "--model", str(model), "--group-by", "lesion", "--output", "rows.jsonl"]
    done = CliRunner().invoke(commands, ["predict", *arguments])
    assert done.exit_code == 3, done.stderr
    files = ("rows.jsonl", "rows-by-lesion.jsonl")
    return [json.loads(line) for file in files for line in Path(file).read_text().splitlines()]


def test_the_answers_are_those_of_lesions_predict(
    service: Service, images: dict[str, bytes], rows: list[dict[str, object]]
) -> None:
    reply = service.predict(*((name, images[name]) for name in NAMES), lesion="true")
    assert reply.status == 200
    assert reply.headers["content-type"] == "application/json"
    check_alike([*reply.json["answers"], reply.json["lesion"]], rows)
    statuses = [each["status"] for each in reply.json["answers"]]
    assert statuses == ["ok", "refused", "ok", "ok", "not like the training images", "refused", "refused"]
    assert reply.json["lesion"]["num_refused"] == 3


@pytest.mark.parametrize("fields", [{}, {"lesion": "false"}])
def test_images_are_of_one_lesion_only_if_that_is_said(
    service: Service, images: dict[str, bytes], fields: dict[str, str]
) -> None:
    assert service.predict(("red.png", images["red.png"]), **fields).json["lesion"] is None


def test_many_clients_at_once_get_the_answers_to_their_own_images(service: Service, images: dict[str, bytes]) -> None:
    names = ["red.png", "green.jpg", "blue.webp"] * 40
    alone = {name: service.predict((name, images[name])).json for name in names[:3]}
    with ThreadPoolExecutor(16) as threads:
        replies = list(threads.map(lambda name: service.predict((name, images[name])).json, names))
    for name, reply in zip(names, replies, strict=True):
        check_alike(reply, alone[name])


def test_a_file_is_called_as_it_was_sent(service: Service, images: dict[str, bytes]) -> None:
    # Neither a path nor markup means anything to the service.
    for name in ("../../etc/passwd", "<b>.png", "Läsion 1.png", ""):
        (answer,) = service.predict((name, images["red.png"])).json["answers"]
        assert (answer["file"], answer["status"]) == (name, "ok")


def test_explaining_shows_what_the_network_saw(service: Service, images: dict[str, bytes]) -> None:
    reply = service.predict(("red.png", images["red.png"]), path="/explain").json
    assert reply["answer"] == service.predict(("red.png", images["red.png"])).json["answers"][0]
    seen = np.asarray(Image.open(io.BytesIO(base64.b64decode(reply["image"]))))
    assert seen.shape == (SIZE_PX, SIZE_PX, 3)
    # The map of a red image is its red channel, divided by its largest value.
    red = seen[..., 0] / seen[..., 0].max()
    assert (reply["map"]["width"], reply["map"]["height"]) == (SIZE_PX, SIZE_PX)
    np.testing.assert_allclose(np.reshape(reply["map"]["values"], seen.shape[:2]), red, atol=1e-4)


def test_what_speaks_against_the_diagnosis_is_zero_in_a_map() -> None:
    spelled = spell_map(np.array([[-3, 1, 4]], np.float32))
    assert spelled == {"width": 3, "height": 1, "values": [0.0, 0.25, 1.0]}
    assert spell_map(np.array([[-1, np.nan]], np.float32))["values"] == [0.0, 0.0]


def test_several_models_are_asked_by_name(tmp_path: Path, model: Path, images: dict[str, bytes]) -> None:
    other = write_model(tmp_path / "other.onnx", build_manifest(model="other"), has_maps=False)
    same_name = write_model(tmp_path / "same.onnx", build_manifest(model="other", detector="energy"))
    ids = [load_model(path).id for path in (model, other, same_name)]
    service = Service(model, other, same_name)
    image = ("red.png", images["red.png"])
    assert service.ask("GET", "/model").json["models"] == ["custom_cnn", ids[1], ids[2]]
    assert service.predict(image).json["model"] == ids[0]
    for asked in ids[1:]:
        assert service.predict(image, path=f"/predict?model={asked}").json["model"] == asked
    explained = service.predict(image, path=f"/explain?model={ids[1]}")
    assert (explained.status, explained.json["map"]) == (200, None)
    refused = service.predict(image, path="/predict?model=none")
    assert (refused.status, refused.reason) == (
        422,
        f"there is no model 'none'; there are custom_cnn, {ids[1]}, {ids[2]}",
    )
    service.stop()


def test_the_same_model_twice_is_refused(model: Path) -> None:
    with pytest.raises(RuntimeError, match="the same model is named twice"):
        Service(model, model)


def test_a_model_is_described(service: Service, model: Path) -> None:
    described = service.ask("GET", "/model").json
    manifest = load_model(model).manifest
    assert described["manifest"] == json.loads(spell_manifest(manifest))
    assert described["names"]["vascular_lesion"] == "vascular lesion"
    assert (described["id"], described["has_maps"]) == (load_model(model).id, True)
    assert described["card"] == build_card(manifest)
    assert described["limits"] == {"max_bytes": 32_000_000, "max_files": 16, "max_megapixels": 4.0}


@pytest.mark.parametrize("path", ["/health", "/ready"])
def test_probes_are_answered(service: Service, path: str) -> None:
    assert service.ask("GET", path).json == {"status": "ok"}


def test_metrics_count_requests_and_images_and_say_nothing_of_them(
    service: Service, images: dict[str, bytes]
) -> None:
    service.predict(("secret-name.png", images["red.png"]), ("b.jpg", images["text.jpg"]))
    service.ask("GET", "/no/such/path")
    text = service.ask("GET", "/metrics").body.decode()

    for line in (
        'lesions_requests_total{path="/predict",status="200"}',
        'lesions_requests_total{path="other",status="404"}',
        'lesions_images_total{status="ok"}',
        'lesions_images_total{status="refused"}',
        "lesions_images_waiting 0.0",
        "lesions_requests_held 0.0",
        "lesions_bytes_held 0.0",
        "process_resident_memory_bytes",
    ):
        assert f"\n{line}" in text
    assert "secret-name" not in text
    assert "/no/such/path" not in text


def test_the_description_has_examples_and_all_answers(service: Service) -> None:
    described = service.ask("GET", "/openapi.json").json
    assert set(described["paths"]) == {"/predict", "/explain", "/model", "/health", "/ready", "/metrics"}
    answers = described["paths"]["/predict"]["post"]["responses"]
    assert set(answers) == {"200", "401", "408", "413", "415", "422", "429", "503"}
    for answer in answers.values():
        assert answer["content"]["application/json"]["example"]
    assert service.ask("GET", "/docs").status == service.ask("GET", "/redoc").status == 404
