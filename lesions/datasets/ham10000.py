"""HAM10000 (Tschandl, Rosendahl, Kittler 2018, doi 10.1038/sdata.2018.161) and other data in its layout."""

from pathlib import Path

from lesions.datasets.adapter import Adapter
from lesions.datasets.columns import Column

UNKNOWN = frozenset({"unknown"})

HAM10000 = Adapter(
    tables=(Path("HAM10000_metadata.csv"),),
    columns={
        "image_id": Column("image_id"),
        "patient_id": Column("patient_id"),
        "lesion_id": Column("lesion_id"),
        "diagnosis": Column(
            "dx",
            values={
                "akiec": "actinic_keratosis",
                "bcc": "basal_cell_carcinoma",
                "bkl": "benign_keratosis",
                "df": "dermatofibroma",
                "mel": "melanoma",
                "nv": "nevus",
                "vasc": "vascular_lesion",
            },
        ),
        "diagnosis_confirmation": Column(
            "dx_type",
            values={
                "histo": "histopathology",
                "confocal": "confocal_microscopy",
                "consensus": "consensus",
                "follow_up": "follow_up",
            },
        ),
        "age_years": Column("age", missing=UNKNOWN),
        "sex": Column("sex", values={"female": "female", "male": "male"}, missing=UNKNOWN),
        "site": Column("localization", missing=UNKNOWN),
    },
    # HAM10000 was published without patients; the synthetic set has them.
    optional=frozenset({"patient_id"}),
)
