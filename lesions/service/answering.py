"""From an upload to the answer of `/predict` and of `/explain`."""

import asyncio
import base64
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture
from starlette.responses import Response

from lesions.errors import InputError
from lesions.images.kinds import HEAD_BYTES, explain_head
from lesions.service.batching import AnsweredImage, Batcher
from lesions.service.metrics import Metrics
from lesions.service.refusal import Refusal, refuse_failed, respond
from lesions.service.settings import Settings
from lesions.service.uploads import Image, Upload
from lesions.serving.answers import REFUSED
from lesions.serving.grouping import Groups
from lesions.serving.maps import scale_map
from lesions.serving.rows import Row, make_row

LESION = "lesion"
"""What the answer for all images together is called."""

MAP_DIGITS = 4


async def predict(batcher: Batcher, upload: Upload, settings: Settings, metrics: Metrics) -> Response:
    """Return the answers for the images, and that for the lesion if they are said to be of one."""
    answered = await _answer(batcher, upload.images, settings, metrics)
    rows = [make_row(each.answer) for each in answered]
    lesion = None
    if upload.is_lesion:
        groups = Groups(batcher.rules)
        for row in rows:
            groups.add(LESION, row)
        lesion = make_row(next(groups.answers()))
    content = {"model": batcher.model.id, "answers": rows, "lesion": lesion}
    _check_not_all_refused(upload.images, rows, content)
    return respond(content)


async def explain(batcher: Batcher, upload: Upload, settings: Settings, metrics: Metrics) -> Response:
    """Return the answer for an image, its map, and the image as the network saw it."""
    (answered,) = await _answer(batcher, upload.images, settings, metrics, with_maps=True)
    row = make_row(answered.answer)
    content = {
        "model": batcher.model.id,
        "answer": row,
        "map": None if answered.map is None else spell_map(answered.map),
        "image": None if answered.pixels is None else await asyncio.to_thread(encode_png, answered.pixels),
    }
    _check_not_all_refused(upload.images, [row], content)
    return respond(content)


def spell_map(activation: NDArray[np.float32]) -> dict[str, Any]:
    """Return a map (H, W) as JSON."""
    height, width = activation.shape
    values = [round(value, MAP_DIGITS) for value in scale_map(activation).ravel().tolist()]
    return {"width": width, "height": height, "values": values}


def encode_png(pixels: NDArray[np.uint8]) -> str:
    """Return pixels (H, W, 3) as base64 of a PNG."""
    buffer = io.BytesIO()
    Picture.fromarray(pixels).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode("ascii")


async def _answer(
    batcher: Batcher,
    images: Sequence[Image],
    settings: Settings,
    metrics: Metrics,
    *,
    with_maps: bool = False,
) -> list[AnsweredImage]:
    try:
        async with asyncio.timeout(settings.max_seconds):
            answered = await batcher.answer(images, with_maps=with_maps)
    except TimeoutError as error:
        raise refuse_failed(f"the answer took more than {settings.max_seconds:g} s") from error
    except (InputError, MemoryError) as error:
        raise refuse_failed("the network failed on this request") from error
    for each in answered:
        metrics.images.labels(each.answer.status).inc()
    return answered


def _check_not_all_refused(images: Sequence[Image], rows: Sequence[Row], content: dict[str, Any]) -> None:
    """Raise Refusal if no image has an answer; it says all that the answer says.

    Its status is 415 if none begins like a format that is read, otherwise 422.
    """
    if any(row["status"] != REFUSED for row in rows):
        return
    is_of_other_type = all(explain_head(image.data[:HEAD_BYTES]) is not None for image in images)
    raise Refusal(415 if is_of_other_type else 422, rows[0]["reason"], details=content)
