"""The common form of one row of any dataset."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Diagnosis = Literal[
    "actinic_keratosis",
    "basal_cell_carcinoma",
    "benign",
    "benign_keratosis",
    "dermatofibroma",
    "malignant",
    "melanoma",
    "nevus",
    "squamous_cell_carcinoma",
    "vascular_lesion",
]
"""Bowen's disease counts as actinic keratosis; solar lentigo, seborrhoeic and lichen-planus-like keratosis as
benign keratosis, as in HAM10000 (Tschandl et al. 2018). `benign` and `malignant` are for data that
give no diagnosis beyond that."""

UNKNOWN = "unknown"
"""Value of `diagnosis` where the dataset says that it is not known; such an image is left out."""

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


class Record(BaseModel):
    """The fields of a dataset's table for one image; None means not known."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    image_id: Identifier
    patient_id: Identifier | None
    lesion_id: Identifier | None
    diagnosis: Diagnosis | Literal["unknown"]
    diagnosis_confirmation: DiagnosisConfirmation | None
    age_years: Annotated[float, Field(ge=0, le=120)] | None
    sex: Literal["female", "male"] | None
    site: Annotated[str, StringConstraints(max_length=100)] | None
    fitzpatrick_type: Annotated[int, Field(ge=1, le=6)] | None
