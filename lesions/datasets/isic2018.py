"""ISIC 2018, task 3 (Codella et al. 2019): HAM10000's images with their lesions, and the test images of others."""

from pathlib import Path

from lesions.datasets.adapter import Adapter
from lesions.datasets.columns import Column, OneHot

DIAGNOSIS = OneHot(
    {
        "MEL": "melanoma",
        "NV": "nevus",
        "BCC": "basal_cell_carcinoma",
        "AKIEC": "actinic_keratosis",
        "BKL": "benign_keratosis",
        "DF": "dermatofibroma",
        "VASC": "vascular_lesion",
    }
)

CONFIRMATIONS = {
    "histopathology": "histopathology",
    "confocal microscopy with consensus dermoscopy": "confocal_microscopy",
    "single image expert consensus": "consensus",
    "serial imaging showing no change": "follow_up",
}
"""The words of ISIC's column `diagnosis_confirm_type`, as of 2018."""

ISIC_2018 = Adapter(
    tables=(
        Path("ISIC2018_Task3_Training_GroundTruth/ISIC2018_Task3_Training_GroundTruth.csv"),
        Path("ISIC2018_Task3_Training_LesionGroupings.csv"),
    ),
    columns={
        "image_id": Column("image"),
        "lesion_id": Column("lesion_id"),
        "diagnosis": DIAGNOSIS,
        "diagnosis_confirmation": Column("diagnosis_confirm_type", values=CONFIRMATIONS),
    },
)

ISIC_2018_TEST = Adapter(
    tables=(Path("ISIC2018_Task3_Test_GroundTruth/ISIC2018_Task3_Test_GroundTruth.csv"),),
    columns={"image_id": Column("image"), "diagnosis": DIAGNOSIS},
)
