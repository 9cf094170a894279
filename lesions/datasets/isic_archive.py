"""Any download of the ISIC archive (isic-archive.com): `metadata.csv` and images, as its program isic-cli writes.

The columns and words are those of the package isic-metadata 6.1.0, and those of its first versions, with which older
downloads were written. The archive publishes the age as `age_approx`. The header depends on the images that were
downloaded, so that nearly every column may be missing.
"""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import Field

from lesions.datasets.adapter import Adapter
from lesions.datasets.columns import Column
from lesions.datasets.hierarchy import Hierarchy
from lesions.datasets.isic2018 import CONFIRMATIONS
from lesions.datasets.selection import Selection
from lesions.parameters.strict import Section

Licence = Literal["CC-0", "CC-BY", "CC-BY-NC", "not stated"]
ImageType = Literal[
    "dermoscopic",
    "clinical: close-up",
    "clinical: overview",
    "TBP tile: close-up",
    "TBP tile: overview",
    "RCM: macroscopic",
    "RCM: tile",
    "RCM: mosaic",
    "not stated",
]

NOT_KNOWN = frozenset({"unknown"})

DIAGNOSES = {
    # What says only the side, or what kind of cell.
    "benign": "benign",
    "benign epidermal proliferations": "benign",
    "benign melanocytic proliferations": "benign",
    "benign soft tissue proliferations - fibro-histiocytic": "benign",
    "malignant": "malignant",
    "malignant adnexal epithelial proliferations - follicular": "malignant",
    "malignant epidermal proliferations": "malignant",
    "indeterminate": "indeterminate",
    "indeterminate/benign": "indeterminate",
    "indeterminate/malignant": "indeterminate",
    # Kinds that are one diagnosis here.
    "malignant melanocytic proliferations (melanoma)": "melanoma",
    "benign soft tissue proliferations - vascular": "vascular_lesion",
    "hemorrhagic lesions": "vascular_lesion",
    "inflammatory or infectious diseases": "inflammatory_or_infectious",
    # The third level.
    "nevus": "nevus",
    "lichen planus like keratosis": "benign_keratosis",
    "pigmented benign keratosis": "benign_keratosis",
    "seborrheic keratosis": "benign_keratosis",
    "solar lentigo": "benign_keratosis",
    "dermatofibroma": "dermatofibroma",
    "basal cell carcinoma": "basal_cell_carcinoma",
    "solar or actinic keratosis": "actinic_keratosis",
    "squamous cell carcinoma in situ": "actinic_keratosis",
    "keratoacanthoma": "squamous_cell_carcinoma",
    "squamous cell carcinoma, invasive": "squamous_cell_carcinoma",
    "squamous cell carcinoma, nos": "squamous_cell_carcinoma",
    "verrucous carcinoma": "squamous_cell_carcinoma",
    # The single column of older downloads.
    "melanoma": "melanoma",
    "melanoma metastasis": "melanoma",
    "nevus spilus": "nevus",
    "lichenoid keratosis": "benign_keratosis",
    "actinic keratosis": "actinic_keratosis",
    "squamous cell carcinoma": "squamous_cell_carcinoma",
    "angioma": "vascular_lesion",
    "angiokeratoma": "vascular_lesion",
    "pyogenic granuloma": "vascular_lesion",
    "vascular lesion": "vascular_lesion",
}
"""This project's diagnosis of each word; of a diagnosis, the finest word that is here counts.

Hemorrhages are vascular lesions, and squamous cell carcinomas in situ actinic keratoses, as in HAM10000 (Tschandl et
al. 2018).
"""

LEVELS = (
    ("benign_malignant", "diagnosis_1"),
    ("diagnosis_2",),
    ("diagnosis", "diagnosis_3"),
    ("diagnosis_4",),
    ("diagnosis_5",),
)
"""The columns of each level of the diagnosis; the older ones, which say the same, stand first."""

ISIC_ARCHIVE = Adapter(
    tables=(Path("metadata.csv"),),
    columns={
        "image_id": Column("isic_id"),
        "patient_id": Column("patient_id"),
        "lesion_id": Column("lesion_id"),
        "diagnosis": Hierarchy(tuple(name for level in LEVELS for name in level), DIAGNOSES, missing=NOT_KNOWN),
        "diagnosis_confirmation": Column(
            "diagnosis_confirm_type",
            values=CONFIRMATIONS | {"single contributor clinical assessment": "clinical_assessment"},
        ),
        # Ages above 85 are published as 85+.
        "age_years": Column("age_approx", values={"85+": "85"}, takes_other_words=True),
        "sex": Column("sex", values={"female": "female", "male": "male"}),
        "site": Hierarchy(("anatom_site_general", "anatom_site_1"), missing=NOT_KNOWN),
        "fitzpatrick_type": Column(
            "fitzpatrick_skin_type", values={"I": "1", "II": "2", "III": "3", "IV": "4", "V": "5", "VI": "6"}
        ),
    },
    optional=frozenset(
        {"patient_id", "lesion_id", "diagnosis_confirmation", "age_years", "sex", "site", "fitzpatrick_type"}
    ),
    selections=(Selection("image_manipulation", "synthetic", left_out=frozenset({"synthetic"})),),
    licence="copyright_license",
)


class IsicArchiveParameters(Section):
    """The section `dataset.isic_archive`.

    Attributes
    ----------
    level
        The level of the archive's hierarchy whose words are the diagnoses, from 1 (benign, indeterminate, malignant)
        to 5; a diagnosis that ends above it has its last word. None translates them to this project's diagnoses.
    licences
        The licences of the images that are used.
    image_types
        The types of the images that are used.
    """

    level: Annotated[int, Field(ge=1, le=len(LEVELS))] | None
    licences: Annotated[tuple[Licence, ...], Field(min_length=1)]
    image_types: Annotated[tuple[ImageType, ...], Field(min_length=1)]


def build_archive_adapter(parameters: IsicArchiveParameters) -> Adapter:
    """Return the adapter that reads the archive's downloads as the parameters say."""
    columns = dict(ISIC_ARCHIVE.columns)
    if parameters.level is not None:
        names = tuple(name for level in LEVELS[: parameters.level] for name in level)
        columns["diagnosis"] = Hierarchy(names, missing=NOT_KNOWN, as_name=True)
    selections = tuple(
        Selection(column, why, kept=frozenset(words))
        for column, why, words, all_words in (
            ("copyright_license", "licence", parameters.licences, get_args(Licence)),
            ("image_type", "image_type", parameters.image_types, get_args(ImageType)),
        )
        if set(words) != set(all_words)
    )
    return replace(ISIC_ARCHIVE, columns=columns, selections=ISIC_ARCHIVE.selections + selections)
