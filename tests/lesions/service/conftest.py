"""A service with one model that all tests of a file share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.served import write_image, write_model
from tests.services import Service


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("model") / "model.onnx")


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Images of three colours, of which white is unlike the others, and what is none."""
    folder = tmp_path_factory.mktemp("images")
    colours = {
        "red.png": (220, 40, 40),
        "green.jpg": (60, 200, 50),
        "blue.webp": (40, 60, 210),
        "white.png": (254,) * 3,
    }
    written = {name: write_image(folder / name, colour).read_bytes() for name, colour in colours.items()}
    return {**written, "text.jpg": b"no image at all", "cut.png": written["red.png"][:60], "empty.png": b""}


@pytest.fixture(scope="module")
def service(model: Path) -> Iterator[Service]:
    running = Service(model)
    yield running
    running.kill()
