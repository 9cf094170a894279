"""ISIC 2019 (Tschandl et al. 2018, Codella et al. 2018, Combalia et al. 2019), as the challenge published it."""

from pathlib import Path

from lesions.datasets.adapter import Adapter
from lesions.datasets.columns import Column, OneHot

ISIC_2019 = Adapter(
    tables=(Path("ISIC_2019_Training_GroundTruth.csv"), Path("ISIC_2019_Training_Metadata.csv")),
    columns={
        "image_id": Column("image"),
        # 2,084 of 25,331 images have no lesion_id; each of them is a group of its own.
        "lesion_id": Column("lesion_id"),
        "diagnosis": OneHot(
            {
                "MEL": "melanoma",
                "NV": "nevus",
                "BCC": "basal_cell_carcinoma",
                "AK": "actinic_keratosis",
                "BKL": "benign_keratosis",
                "DF": "dermatofibroma",
                "VASC": "vascular_lesion",
                "SCC": "squamous_cell_carcinoma",
                "UNK": "unknown",
            }
        ),
        "age_years": Column("age_approx"),
        "sex": Column("sex", values={"female": "female", "male": "male"}),
        "site": Column("anatom_site_general"),
    },
)
