"""BCN20000 (Hernández-Pérez et al. 2024, doi 10.1038/s41597-024-03387-w), as published on figshare (24140028).

Half of ISIC 2019's images are from it, under other names. Its test images have no diagnosis.
"""

from pathlib import Path

from lesions.datasets.adapter import Adapter
from lesions.datasets.columns import Column
from lesions.datasets.isic2019 import ISIC_2019

BCN20000 = Adapter(
    tables=(Path("bcn_20k_train.csv"),),
    columns={
        "image_id": Column("bcn_filename"),
        "lesion_id": Column("lesion_id"),
        "diagnosis": Column("diagnosis", values=ISIC_2019.columns["diagnosis"].values),
        "age_years": Column("age_approx"),
        "sex": Column("sex", values={"female": "female", "male": "male"}),
        "site": Column("anatom_site_general"),
    },
)
