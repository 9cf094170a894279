"""PAD-UFES-20: clinical photographs taken with smartphones (Pacheco et al. 2020, doi 10.1016/j.dib.2020.106221)."""

from pathlib import Path

from lesions.datasets.adapter import Adapter
from lesions.datasets.columns import Column

PAD_UFES_20 = Adapter(
    tables=(Path("metadata.csv"),),
    columns={
        "image_id": Column("img_id"),
        "patient_id": Column("patient_id"),
        # Some numbers are used for lesions of several patients, who have nothing else in common.
        "lesion_id": Column("lesion_id", within=Column("patient_id")),
        "diagnosis": Column(
            "diagnostic",
            values={
                "ACK": "actinic_keratosis",
                "BCC": "basal_cell_carcinoma",
                "MEL": "melanoma",
                "NEV": "nevus",
                "SCC": "squamous_cell_carcinoma",
                "SEK": "benign_keratosis",
            },
        ),
        # Lesions without a biopsy were diagnosed by a consensus of dermatologists.
        "diagnosis_confirmation": Column("biopsed", values={"True": "histopathology", "False": "consensus"}),
        "age_years": Column("age"),
        "sex": Column("gender", values={"FEMALE": "female", "MALE": "male"}),
        "site": Column("region"),
        "fitzpatrick_type": Column("fitspatrick", values={f"{n}.0": str(n) for n in range(1, 7)}),
    },
)
