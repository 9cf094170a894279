"""SIIM-ISIC 2020 (Rotemberg et al. 2021, doi 10.34970/2020-ds01), as its challenge published it: melanoma or not."""

from pathlib import Path

from lesions.datasets.adapter import Adapter
from lesions.datasets.columns import Column

SIIM_ISIC_2020 = Adapter(
    tables=(Path("ISIC_2020_Training_GroundTruth.csv"),),
    columns={
        "image_id": Column("image_name"),
        "patient_id": Column("patient_id"),
        "lesion_id": Column("lesion_id"),
        # `diagnosis` is unknown for 27,124 of the 32,542 benign images; every malignant one is a melanoma.
        "diagnosis": Column("benign_malignant", values={"benign": "benign", "malignant": "melanoma"}),
        "age_years": Column("age_approx"),
        "sex": Column("sex", values={"female": "female", "male": "male"}),
        "site": Column("anatom_site_general_challenge"),
    },
    # Only the second version of the table has the column lesion_id.
    optional=frozenset({"lesion_id"}),
    duplicates=Path("ISIC_2020_Training_Duplicates.csv"),
)
