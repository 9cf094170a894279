"""Derm7pt (Kawahara et al. 2019, doi 10.1109/JBHI.2018.2824327): the folder `release_v0`, and its published split.

Each row has a dermoscopic image, `derm`, which is read, and a clinical one, `clinic`, which is not. The words are
those of `derm7pt/dataset.py` at github.com/jeremykawahara/derm7pt, which does not say what miscellaneous is.
"""

from pathlib import Path

from lesions.datasets.adapter import Adapter
from lesions.datasets.columns import Column
from lesions.tables.record import UNKNOWN

NEVI = ("blue", "clark", "combined", "congenital", "dermal", "recurrent", "reed or spitz")
MELANOMAS = ("in situ", "less than 0.76 mm", "0.76 to 1.5 mm", "more than 1.5 mm")

DERM7PT = Adapter(
    tables=(Path("meta/meta.csv"),),
    columns={
        "image_id": Column("derm"),
        "diagnosis": Column(
            "diagnosis",
            values={
                "basal cell carcinoma": "basal_cell_carcinoma",
                "dermatofibroma": "dermatofibroma",
                "lentigo": "other_benign",
                "melanoma": "melanoma",
                "melanoma metastasis": "melanoma",
                "melanosis": "other_benign",
                "miscellaneous": UNKNOWN,
                "seborrheic keratosis": "benign_keratosis",
                "vascular lesion": "vascular_lesion",
                **{f"melanoma ({kind})": "melanoma" for kind in MELANOMAS},
                **{f"{kind} nevus": "nevus" for kind in NEVI},
            },
        ),
        "sex": Column("sex", values={"female": "female", "male": "male"}),
        "site": Column("location"),
    },
    optional=frozenset({"sex", "site"}),
    split_rows={
        "train": Path("meta/train_indexes.csv"),
        "val": Path("meta/valid_indexes.csv"),
        "test": Path("meta/test_indexes.csv"),
    },
)
