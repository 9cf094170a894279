"""A browser, and a service of two models: one with test scores and maps, one with neither."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

pytest.importorskip("fastapi", reason='needs the extra: pip install "lesions[serve]"')

from tests.answer_page import AnswerPage, OpenPage, Serve
from tests.served import build_manifest, write_image, write_model
from tests.services import Service

SCORES = {
    "malignancy_sensitivity": {"value": 0.88, "low": 0.8, "high": 0.932},
    "malignancy_specificity": {"value": 0.74, "low": None, "high": None},
}


@pytest.fixture(scope="package")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("models")
    return (
        write_model(folder / "first.onnx", build_manifest(scores=SCORES)),
        write_model(folder / "second.onnx", build_manifest(model="resnet18"), has_maps=False, shift=(0, 9, 0)),
    )


@pytest.fixture(scope="package")
def service(models: tuple[Path, Path]) -> Iterator[Service]:
    service = Service(*models, options=("--max-megabytes", "1", "--max-files", "4"))
    yield service
    service.stop()


@pytest.fixture
def serve(models: tuple[Path, Path]) -> Iterator[Serve]:
    """A function that starts a service of its own, which the test may stop; by default of the first model."""
    services: list[Service] = []

    def serve_one(model: Path = models[0], **options: Any) -> Service:
        services.append(Service(model, **options))
        return services[-1]

    yield serve_one
    for each in services:
        if each.process.poll() is None:
            each.stop()


@pytest.fixture
def open_page(browser: Browser, service: Service) -> Iterator[OpenPage]:
    """A function that opens the page of a service; what every page must keep to is checked when the test ends."""
    opened: list[AnswerPage] = []

    def open_one(of: Service | None = None, **options: Any) -> AnswerPage:
        opened.append(AnswerPage(browser, (of or service).address, **options))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()


@pytest.fixture
def opened(open_page: OpenPage) -> AnswerPage:
    return open_page()


@pytest.fixture
def red(tmp_path: Path) -> Path:
    return write_image(tmp_path / "red.png", (200, 60, 60))


@pytest.fixture
def green(tmp_path: Path) -> Path:
    return write_image(tmp_path / "green.png", (90, 110, 60))


@pytest.fixture
def white(tmp_path: Path) -> Path:
    """An image that is unlike all training images, of which the model is not sure."""
    return write_image(tmp_path / "white.png", (250, 250, 250))
