"""MILK10k (ISIC 2025, doi 10.34970/648456): a clinical and a dermoscopic image of each lesion.

`MILK10k_Training_GroundTruth.csv` has a row for each lesion, `MILK10k_Training_Metadata.csv` one for each image. The
class of skin tone, from 0, very dark, to 5, very light, is no Fitzpatrick type and is not read.
"""

from pathlib import Path

from lesions.datasets.adapter import Adapter
from lesions.datasets.columns import Column, OneHot
from lesions.datasets.isic_archive import ISIC_ARCHIVE

TRUTH = Path("MILK10k_Training_GroundTruth.csv")

MILK10K = Adapter(
    tables=(Path("MILK10k_Training_Metadata.csv"), TRUTH),
    joined_by={TRUTH: "lesion_id"},
    columns={
        "image_id": Column("isic_id"),
        "lesion_id": Column("lesion_id"),
        "diagnosis": OneHot(
            {
                "AKIEC": "actinic_keratosis",
                "BCC": "basal_cell_carcinoma",
                "BEN_OTH": "other_benign",
                "BKL": "benign_keratosis",
                "DF": "dermatofibroma",
                "INF": "inflammatory_or_infectious",
                "MAL_OTH": "other_malignant",
                "MEL": "melanoma",
                "NV": "nevus",
                "SCCKA": "squamous_cell_carcinoma",
                "VASC": "vascular_lesion",
            }
        ),
        "age_years": ISIC_ARCHIVE.columns["age_years"],
        "sex": ISIC_ARCHIVE.columns["sex"],
        "site": Column("site"),
    },
    selections=ISIC_ARCHIVE.selections,
    licence=ISIC_ARCHIVE.licence,
)
