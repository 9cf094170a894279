"""ISIC 2018, task 3: the challenge's test images (Codella et al. 2019), HAM10000's diagnoses in other lesions."""

from pathlib import Path

from lesions.datasets.adapter import Adapter, Column, OneHot

ISIC_2018_TEST = Adapter(
    tables=(Path("ISIC2018_Task3_Test_GroundTruth/ISIC2018_Task3_Test_GroundTruth.csv"),),
    columns={
        "image_id": Column("image"),
        "diagnosis": OneHot(
            {
                "MEL": "melanoma",
                "NV": "nevus",
                "BCC": "basal_cell_carcinoma",
                "AKIEC": "actinic_keratosis",
                "BKL": "benign_keratosis",
                "DF": "dermatofibroma",
                "VASC": "vascular_lesion",
            }
        ),
    },
)
