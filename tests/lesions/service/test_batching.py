"""That images which wait go through the network together."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import pytest

from lesions.service.batching import AnsweredImage, Batcher, Queue
from lesions.service.metrics import Metrics
from lesions.service.settings import Settings
from lesions.service.uploads import Image
from lesions.serving.model import Model, load_model

Result = TypeVar("Result")


class RecordingModel(Model):
    """A model that notes which images go through the network together."""

    batches: list[list[str]]

    def answer_batch(self, files: Any, *rest: Any, **options: Any) -> Any:
        self.batches.append([*files])
        return super().answer_batch(files, *rest, **options)


@pytest.fixture
def batcher(model: Path) -> Batcher:
    recording = load_model(model)
    recording.__class__ = RecordingModel
    assert isinstance(recording, RecordingModel)
    recording.batches = []
    settings = Settings()
    return Batcher(recording, Queue(settings, 2), settings, Metrics())


def run(asked: Coroutine[Any, Any, Result]) -> Result:
    """Run in a thread: the browser of other tests keeps a loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, asked).result()


def answer(batcher: Batcher, *requests: list[Image]) -> list[list[AnsweredImage]]:
    async def ask() -> list[list[AnsweredImage]]:
        return await asyncio.gather(*map(batcher.answer, requests))

    return run(ask())


def test_what_waits_while_the_network_runs_is_the_next_batch(batcher: Batcher, images: dict[str, bytes]) -> None:
    requests = [[Image(str(at), images["red.png"])] for at in range(100)]
    answered = answer(batcher, *requests)
    assert [[each.answer.file for each in request] for request in answered] == [[str(at)] for at in range(100)]
    model = batcher.model
    assert isinstance(model, RecordingModel)
    assert sorted(int(file) for batch in model.batches for file in batch) == [*range(100)]
    # The model has 8 views of 16 × 16 pixels, of which 32 images fit into a batch.
    assert max(map(len, model.batches)) <= 32
    assert len(model.batches) < 100


def test_a_map_is_only_for_who_asked(batcher: Batcher, images: dict[str, bytes]) -> None:
    async def ask() -> tuple[list[AnsweredImage], list[AnsweredImage]]:
        image = [Image("red.png", images["red.png"])]
        return await asyncio.gather(batcher.answer(image), batcher.answer(image, with_maps=True))

    without, with_map = run(ask())
    assert without[0].map is None
    assert with_map[0].map is not None


def test_a_request_that_was_given_up_is_not_predicted(batcher: Batcher, images: dict[str, bytes]) -> None:
    async def ask() -> None:
        image = [Image("given up", images["red.png"])]
        given_up = asyncio.create_task(batcher.answer(image))
        await asyncio.sleep(0)
        given_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await given_up
        await batcher.answer([Image("next", images["red.png"])])

    run(ask())
    assert isinstance(batcher.model, RecordingModel)
    assert batcher.model.batches == [["next"]]
