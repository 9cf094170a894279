"""Fitzpatrick17k (Groh et al. 2021, arXiv:2104.09957): photographs of 114 conditions, from two atlases on the web.

A condition that has no name here is read by the dataset's own parts: another benign or malignant one, or one that is
no neoplasm. Of actinic keratosis, the dataset says that it is malignant.
"""

from pathlib import Path

from lesions.datasets.adapter import Adapter
from lesions.datasets.columns import Column
from lesions.datasets.hierarchy import Hierarchy
from lesions.datasets.selection import Selection

FITZPATRICK17K = Adapter(
    tables=(Path("fitzpatrick17k.csv"),),
    columns={
        "image_id": Column("md5hash"),
        "diagnosis": Hierarchy(
            ("three_partition_label", "label"),
            {
                "benign": "benign",
                "malignant": "malignant",
                "non-neoplastic": "non_neoplastic",
                "actinic keratosis": "actinic_keratosis",
                "basal cell carcinoma": "basal_cell_carcinoma",
                "basal cell carcinoma morpheiform": "basal_cell_carcinoma",
                "solid cystic basal cell carcinoma": "basal_cell_carcinoma",
                "dermatofibroma": "dermatofibroma",
                "lentigo maligna": "melanoma",
                "malignant melanoma": "melanoma",
                "melanoma": "melanoma",
                "superficial spreading melanoma ssm": "melanoma",
                "congenital nevus": "nevus",
                "halo nevus": "nevus",
                "nevocytic nevus": "nevus",
                "seborrheic keratosis": "benign_keratosis",
                "squamous cell carcinoma": "squamous_cell_carcinoma",
                "granuloma pyogenic": "vascular_lesion",
                "port wine stain": "vascular_lesion",
                "pyogenic granuloma": "vascular_lesion",
                "telangiectases": "vascular_lesion",
            },
        ),
        "fitzpatrick_type": Column("fitzpatrick_scale", missing=frozenset({"-1"})),
    },
    # Two dermatologists looked at 504 of the images.
    selections=(Selection("qc", "wrong_label", left_out=frozenset({"3 Wrongly labelled"})),),
)
