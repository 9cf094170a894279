"""Answering images of several requests at once: what waits while the network runs is its next batch."""

import asyncio
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from lesions.service.metrics import Metrics
from lesions.service.refusal import refuse_busy
from lesions.service.settings import Settings
from lesions.service.uploads import Image
from lesions.serving.answers import Answer
from lesions.serving.model import Model
from lesions.serving.stream import count_in_batch, decode_pixels


@dataclass(frozen=True)
class AnsweredImage:
    """The answer for an image, and what its map is drawn from.

    Attributes
    ----------
    pixels : (size_px, size_px, 3) uint8
        None if the image is refused.
    map : (H, W) float32
        None if it was not asked for, or the model has none.
    """

    answer: Answer
    pixels: NDArray[np.uint8] | None
    map: NDArray[np.float32] | None


@dataclass(frozen=True)
class _Waiting:
    file: str
    pixels: NDArray[np.uint8]
    with_map: bool
    answered: asyncio.Future[tuple[Answer, NDArray[np.float32] | None]]


class Queue:
    """The images that wait, for any model, and the threads that decode and predict them.

    Networks run one at a time, each in as many threads as there are processors.

    Attributes
    ----------
    num_waiting
        The number of images that were taken and not answered yet.
    """

    def __init__(self, settings: Settings, num_threads: int) -> None:
        self._max_waiting = settings.max_waiting
        self.num_waiting = 0
        self.decoders = ThreadPoolExecutor(num_threads, "decoder")
        self.runner = ThreadPoolExecutor(1, "network")

    def check(self, num_images: int) -> None:
        """Raise Refusal if so many images are too many to wait."""
        if self.num_waiting + num_images > self._max_waiting:
            raise refuse_busy(f"{self.num_waiting} images wait, and this service takes {self._max_waiting} at most")


class Batcher:
    """Answers images with one model, in batches as large as the images that wait.

    Attributes
    ----------
    model, rules
        The model, and what makes answers of its numbers.
    decoding
        How an image file becomes pixels.
    """

    def __init__(self, model: Model, queue: Queue, settings: Settings, metrics: Metrics) -> None:
        self.model, self.rules = model, model.build_rules()
        self.decoding = model.manifest.decoding
        if settings.max_megapixels is not None:
            least = min(settings.max_megapixels, self.decoding.max_megapixels)
            self.decoding = self.decoding.model_copy(update={"max_megapixels": least})
        self._queue, self._metrics = queue, metrics
        self._size = count_in_batch(model.manifest)
        self._waiting: deque[_Waiting] = deque()
        self._task: asyncio.Task[None] | None = None

    async def answer(self, images: Sequence[Image], *, with_maps: bool = False) -> list[AnsweredImage]:
        """Return the answers for the images of one request, in their order.

        Raises
        ------
        Refusal
            If too many images wait.
        InputError, MemoryError
            If the network fails.
        """
        self._queue.check(len(images))
        self._queue.num_waiting += len(images)
        try:
            return await asyncio.gather(*(self._answer(each, with_map=with_maps) for each in images))
        finally:
            self._queue.num_waiting -= len(images)

    async def _answer(self, image: Image, *, with_map: bool) -> AnsweredImage:
        loop = asyncio.get_running_loop()
        pixels = await loop.run_in_executor(self._queue.decoders, decode_pixels, image.data, self.decoding)
        if isinstance(pixels, str):
            return AnsweredImage(self.rules.refuse(image.name, pixels), None, None)
        waiting = _Waiting(image.name, pixels, with_map and self.model.has_maps, loop.create_future())
        self._waiting.append(waiting)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())
        answer, activation = await waiting.answered
        return AnsweredImage(answer, pixels, activation)

    async def _run(self) -> None:
        """Run the network until nothing waits."""
        loop = asyncio.get_running_loop()
        while batch := self._take_batch():
            self._metrics.batch_images.observe(len(batch))
            work = partial(
                self.model.answer_batch,
                [each.file for each in batch],
                [each.pixels for each in batch],
                self.rules,
                with_maps=any(each.with_map for each in batch),
            )
            try:
                answers = await loop.run_in_executor(self._queue.runner, work)
            except Exception as error:  # noqa: BLE001, it is raised where each image is waited for
                for each in batch:
                    if not each.answered.done():
                        each.answered.set_exception(error)
                continue
            for each, (answer, activation) in zip(batch, answers, strict=True):
                if not each.answered.done():
                    each.answered.set_result((answer, activation if each.with_map else None))

    def _take_batch(self) -> list[_Waiting]:
        """Return the images that have waited longest, without those whose request was given up."""
        batch: list[_Waiting] = []
        while self._waiting and len(batch) < self._size:
            waiting = self._waiting.popleft()
            if not waiting.answered.done():
                batch.append(waiting)
        return batch
