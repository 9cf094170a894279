"""The common form of one row of any dataset."""

import re
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

UNKNOWN = "unknown"
"""Value of `diagnosis` where none is known; such an image is left out."""

RESERVED = ("all", UNKNOWN)
"""Names that no diagnosis can have; in `metrics/split.json`, `all` is the mean over all images."""


def _is_a_name(diagnosis: str) -> str:
    if re.fullmatch("[a-z][a-z0-9_]{0,49}", diagnosis) is None:
        raise ValueError(
            "expected a name such as basal_cell_carcinoma, of at most 50 lower-case letters, digits and _, "
            f"got {diagnosis[:80]!r}"
        )
    if diagnosis in RESERVED:
        raise ValueError(f"expected the name of a diagnosis, got {diagnosis!r}, which means something else")
    return diagnosis


DiagnosisName = Annotated[str, AfterValidator(_is_a_name)]
"""The name of any diagnosis; the section `task` says which are malignant, benign or neither."""

DiagnosisConfirmation = Literal["histopathology", "confocal_microscopy", "consensus", "follow_up"]

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

RESERVED_SUBGROUPS = (*get_args(FieldName), "images", "lesions", "patients", "source")
"""Names that mean something else where subgroups are counted and scored."""


def _names_subgroups(name: str) -> str:
    if re.fullmatch("[a-z][a-z0-9_]{0,29}", name) is None:
        raise ValueError(
            f"expected a name such as camera, of at most 30 lower-case letters, digits and _, got {name[:80]!r}"
        )
    if name in RESERVED_SUBGROUPS:
        raise ValueError(f"expected another name than {name}, which is a field or means something else")
    return name


SubgroupName = Annotated[str, AfterValidator(_names_subgroups)]
"""The name of subgroups of one's own, which are the values of a column."""

MAX_VALUE = 100
"""Most characters of a site, and of a value of subgroups."""

SubgroupValue = Annotated[str, StringConstraints(max_length=MAX_VALUE)]
"""A value of subgroups of one's own."""


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
    site: Annotated[str, StringConstraints(max_length=MAX_VALUE)] | None
    fitzpatrick_type: Annotated[int, Field(ge=1, le=6)] | None
