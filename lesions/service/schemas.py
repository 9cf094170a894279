"""The description of requests and answers in OpenAPI, with examples."""

from typing import Any

from pydantic import BaseModel

from lesions.service.uploads import FILES, LESION, MULTIPART
from lesions.serving.answers import Answer
from lesions.serving.grouping import GroupAnswer


class Reason(BaseModel):
    """Why a request is not met."""

    reason: str


class Predicted(BaseModel):
    """The answer of `/predict`: one per image in their order, and one for the lesion if all are said to be of one."""

    model: str
    answers: list[Answer]
    lesion: GroupAnswer | None


class ActivationMap(BaseModel):
    """How much each place speaks for the diagnosis: row by row, from 0 to 1, the largest value being 1."""

    width: int
    height: int
    values: list[float]


class Explained(BaseModel):
    """The answer of `/explain`: the map, and what the network saw as base64 of a PNG; null where there is none."""

    model: str
    answer: Answer
    map: ActivationMap | None
    image: str | None


class Limits(BaseModel):
    """What a request may have."""

    max_bytes: int
    max_files: int
    max_megapixels: float


class Described(BaseModel):
    """The answer of `/model`: its manifest, readable names of its classes, its card in Markdown, and all models."""

    id: str
    manifest: dict[str, Any]
    names: dict[str, str]
    has_maps: bool
    card: str
    models: list[str]
    limits: Limits


class State(BaseModel):
    """The answer of `/health` and `/ready`."""

    status: str


EXAMPLE_ANSWER = {
    "file": "lesion.jpg",
    "status": "ok",
    "reason": None,
    "diagnosis": "nevus",
    "probabilities": {"melanoma": 0.11, "nevus": 0.84, "vascular_lesion": 0.05},
    "malignancy": 0.11,
    "is_called_malignant": False,
    "prediction_set": ["nevus"],
    "abstains": False,
    "out_of_distribution": 12.5,
    "model": "resnet18-0123456789ab",
}
EXAMPLE_PREDICTED = {"model": "resnet18-0123456789ab", "answers": [EXAMPLE_ANSWER], "lesion": None}
EXAMPLE_EXPLAINED = {
    "model": "resnet18-0123456789ab",
    "answer": EXAMPLE_ANSWER,
    "map": {"width": 2, "height": 2, "values": [0.0, 0.25, 1.0, 0.5]},
    "image": "iVBORw0KGgo=",
}

REASONS = {
    401: "this service needs the header Authorization: Bearer <token>, with the value of LESIONS_TOKEN",
    408: "the request took more than 30 s to arrive",
    413: "the request has more than 32,000,000 bytes",
    415: "expected a body of the type multipart/form-data, with one part files for each image",
    422: "the request has no image: expected one part files with a file name for each",
    429: "256 images wait, and this service takes 256 at most",
    503: "the answer took more than 30 s",
}


def describe_answers(answer: type[BaseModel], example: Any, *statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the answers that a path has: the one with status 200, and a reason for each other status."""
    described: dict[int | str, dict[str, Any]] = {
        status: {
            "model": Reason,
            "description": REASONS[status],
            "content": {"application/json": {"example": {"reason": REASONS[status]}}},
        }
        for status in statuses
    }
    content = {"application/json": {"example": example}}
    return {200: {"model": answer, "description": "The answer.", "content": content}, **described}


def describe_body(*, may_be_lesion: bool) -> dict[str, Any]:
    """Return what the body of a request for answers is."""
    image = {"type": "string", "format": "binary"}
    properties: dict[str, Any] = {FILES: {"type": "array", "items": image, "minItems": 1}}
    if may_be_lesion:
        about = "Whether all images are of one lesion, which then has an answer of its own."
        properties[LESION] = {"type": "string", "enum": ["true", "false"], "description": about}
    else:
        properties[FILES]["maxItems"] = 1
    schema = {"type": "object", "properties": properties, "required": [FILES], "additionalProperties": False}
    return {"requestBody": {"required": True, "content": {MULTIPART: {"schema": schema}}}}
