"""The common form of one row of any dataset."""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

UNKNOWN = "unknown"
"""Value of `diagnosis` where none is known; such an image is left out."""

MAX_NAME_LENGTH = 50
"""The most characters of a diagnosis's name."""

RESERVED = ("all", UNKNOWN)
"""Names that no diagnosis can have; in `metrics/split.json`, `all` is the mean over all images."""


def _is_a_name(diagnosis: str) -> str:
    if re.fullmatch(f"[a-z][a-z0-9_]{{0,{MAX_NAME_LENGTH - 1}}}", diagnosis) is None:
        raise ValueError(
            f"expected a name such as basal_cell_carcinoma, of at most {MAX_NAME_LENGTH} lower-case letters, digits "
            f"and _, got {diagnosis[:80]!r}"
        )
    if diagnosis in RESERVED:
        raise ValueError(f"expected the name of a diagnosis, got {diagnosis!r}, which means something else")
    return diagnosis


DiagnosisName = Annotated[str, AfterValidator(_is_a_name)]
"""The name of any diagnosis; the section `task` says which are malignant, benign or neither."""

DiagnosisConfirmation = Literal[
    "histopathology", "confocal_microscopy", "consensus", "follow_up", "clinical_assessment"
]

FitzpatrickType = Literal["1", "2", "3", "4", "5", "6", "1-2", "3-4", "5-6"]
"""A Fitzpatrick skin type, or two of which one is meant."""


def _drop_decimals(skin_type: Any) -> Any:
    """Return a skin type that a spreadsheet wrote as 3.0 as 3."""
    return re.sub(r"^([1-6])\.0+$", r"\1", skin_type) if isinstance(skin_type, str) else skin_type


Identifier = Annotated[str, StringConstraints(min_length=1, max_length=200)]


FieldName = Literal[
    "image_id",
    "patient_id",
    "lesion_id",
    "diagnosis",
    "diagnosis_confirmation",
    "age_years",
    "sex",
    "site",
    "fitzpatrick_type",
]
"""The fields of `Record`."""


class Record(BaseModel):
    """The fields of a dataset's table for one image; None means not known."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    image_id: Identifier
    patient_id: Identifier | None
    lesion_id: Identifier | None
    diagnosis: DiagnosisName | Literal["unknown"]
    diagnosis_confirmation: DiagnosisConfirmation | None
    age_years: Annotated[float, Field(ge=0, le=120)] | None
    sex: Literal["female", "male"] | None
    site: Annotated[str, StringConstraints(max_length=100)] | None
    fitzpatrick_type: Annotated[FitzpatrickType, BeforeValidator(_drop_decimals)] | None
