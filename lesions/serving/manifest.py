"""The manifest of an exported model: everything that is needed to use it, as JSON inside of its ONNX file."""

import json
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, model_validator

from lesions.errors import InputError, cut_value
from lesions.images.decode import DecodingParameters
from lesions.parameters.strict import Section

METADATA_KEY = "lesions"
"""The key of the manifest among the metadata of an ONNX file."""

SCHEMA: Literal[1] = 1
"""Another number means another meaning of the fields; a file with another one is refused."""

IMAGES = "images"
"""The input of an exported model: (N, size_px, size_px, 3) uint8, as `lesions.images.decode` makes them."""

PROBABILITIES, CALLED, MALIGNANCY, MAPS = "probabilities", "called", "malignancy", "maps"
EMBEDDING, OUT_OF_DISTRIBUTION = "embedding", "out_of_distribution"
"""The outputs of an exported model, all float32 but `called`.

probabilities (N, K): calibrated; they sum to 1.
called (N,) int64: the code of the class that each image is called: the one with the highest logit before
calibration, by which the test images are scored. It need not be the most probable class.
malignancy (N,): the sum of those of the malignant classes; missing if the classes have no malignant side.
embedding (N, F): the features before the head, those of an ensemble's members side by side.
out_of_distribution (N,): how unlike the training images it is; a higher score is less alike.
maps (N, K, H, W): class activation maps, how much each place speaks for each class; missing for heads that have none.
"""

Probability = Annotated[float, Field(ge=0, le=1)]


class ServedClass(Section):
    """A class, and what it stands for.

    Attributes
    ----------
    name
        Its name, as in the columns of predictions.
    diagnoses
        The diagnoses that it stands for.
    is_malignant
        None if it is neither malignant nor benign.
    """

    name: Annotated[str, Field(pattern=r"^\w[^\x00-\x1f]*$")]
    diagnoses: Annotated[tuple[str, ...], Field(min_length=1)]
    is_malignant: bool | None


class Calibration(Section):
    """What the file does to the logits before it makes probabilities of them: `logits * scale + shift`."""

    method: str
    scale: tuple[float, ...]
    shift: tuple[float, ...]


class PredictionSets(Section):
    """The rule for prediction sets, calibrated on validation.

    Attributes
    ----------
    confidence
        The share of new images whose true class is to be in their set.
    probability
        For each class, the smallest probability with which it is in the set of an image.
    """

    confidence: Probability
    probability: Annotated[tuple[Probability, ...], Field(min_length=1)]


class Thresholds(Section):
    """What divides the answers; everything is fitted on validation.

    Attributes
    ----------
    malignancy
        An image whose malignancy is at least this is called malignant; None if the classes have no malignant side.
    min_confidence
        If the probability of the class that an image is called is lower, the model abstains.
    out_of_distribution
        An image with a higher score is not like the training images.
    sets
        When a class is in the prediction set of an image.
    """

    malignancy: Probability | None
    min_confidence: Probability
    out_of_distribution: float
    sets: PredictionSets


class Score(Section):
    """A score on test images, with its 95 % interval over groups if there is one."""

    value: float
    low: float | None
    high: float | None


class Hashes(Section):
    """The sha256 of what the model was made of.

    Attributes
    ----------
    checkpoints
        By network; an ensemble has several.
    data
        By file of the run: images.npy, metadata.csv, splits.csv, classes.json.
    code
        Of all files that training and export reach.
    """

    checkpoints: dict[str, str]
    data: dict[str, str]
    code: str


class Licences(Section):
    """The licences of pretrained weights, by network (None: trained from scratch), and of the data, by dataset."""

    weights: dict[str, str | None]
    data: dict[str, str | None]


class Manifest(Section):
    """Everything that is needed to use an exported model.

    Attributes
    ----------
    model
        The name of the model or ensemble in its run.
    members
        The weight of each member of an ensemble; empty for a network.
    classes
        In the order of the probabilities.
    decoding
        How an image file becomes the pixels of the input.
    num_views
        Over how many views of an image the file averages the logits, 1 or 8.
    detector
        The method of the score `out_of_distribution`.
    scores
        On test images, by metric; empty as long as the test images are sealed.
    num_test_images, num_test_groups
        What these scores were measured on; 0 as long as the test images are sealed.
    versions
        The versions of the libraries that exported it.
    intended_use
        What it is for, and what it is not for.
    """

    # Not named `schema`, which is a method of pydantic's models.
    schema_number: Annotated[Literal[1], Field(alias="schema")] = SCHEMA
    model: Annotated[str, Field(pattern=r"^\w+$")]
    members: dict[str, float]
    classes: Annotated[tuple[ServedClass, ...], Field(min_length=2)]
    decoding: DecodingParameters
    num_views: Literal[1, 8]
    calibration: Calibration
    detector: str
    thresholds: Thresholds
    scores: dict[str, Score]
    num_test_images: Annotated[int, Field(ge=0)]
    num_test_groups: Annotated[int, Field(ge=0)]
    hashes: Hashes
    versions: dict[str, str]
    licences: Licences
    intended_use: str

    @model_validator(mode="after")
    def _has_a_number_for_each_class(self) -> Self:
        for what, numbers in (
            ("calibration.scale", self.calibration.scale),
            ("calibration.shift", self.calibration.shift),
            ("thresholds.sets.probability", self.thresholds.sets.probability),
        ):
            if len(numbers) != len(self.classes):
                raise ValueError(f"{what} has {len(numbers)} numbers for {len(self.classes)} classes")
        return self

    @model_validator(mode="after")
    def _names_each_class_once(self) -> Self:
        if len({*self.class_names}) < len(self.classes):
            raise ValueError("classes: two have the same name")
        return self

    @property
    def class_names(self) -> tuple[str, ...]:
        """The names of the classes, in the order of the probabilities."""
        return tuple(each.name for each in self.classes)


def spell_manifest(manifest: Manifest) -> str:
    """Return the manifest as JSON with sorted keys; the same manifest gives the same text."""
    return json.dumps(manifest.model_dump(mode="json", by_alias=True), sort_keys=True, allow_nan=False)


def read_manifest(text: str, source: str) -> Manifest:
    """Read a manifest, from the metadata of the file `source`.

    Raises
    ------
    InputError
        If it is of another schema, or not a manifest. The message names the file and the first field that is wrong.
    """
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{source}: its manifest is not JSON ({cut_value(error)})") from error
    number = values.get("schema") if isinstance(values, dict) else None
    if number != SCHEMA:
        raise InputError(
            f"{source}: its manifest has schema {cut_value(number)}, and this version of lesions reads {SCHEMA}; "
            "export the model again, or install the version of lesions that exported it"
        )
    try:
        return Manifest.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "the whole"
        raise InputError(f"{source}: not a manifest of this pipeline: {field}: {cut_value(first['msg'])}") from error
