"""DDI, Diverse Dermatology Images (Daneshjou et al. 2022, doi 10.1126/sciadv.abq6147): a test set of 656 images.

Skin tones are known as pairs of Fitzpatrick types: 12 is I or II. A disease that has no name here is another benign
or malignant one, by the column `malignant`.
"""

from pathlib import Path

from lesions.datasets.adapter import Adapter
from lesions.datasets.columns import Column
from lesions.datasets.hierarchy import Hierarchy

DDI = Adapter(
    tables=(Path("ddi_metadata.csv"),),
    columns={
        "image_id": Column("DDI_file"),
        "diagnosis": Hierarchy(
            ("malignant", "disease"),
            {
                "true": "malignant",
                "false": "benign",
                "1": "malignant",
                "0": "benign",
                "actinic-keratosis": "actinic_keratosis",
                "squamous-cell-carcinoma-in-situ": "actinic_keratosis",
                "basal-cell-carcinoma": "basal_cell_carcinoma",
                "basal-cell-carcinoma-nodular": "basal_cell_carcinoma",
                "basal-cell-carcinoma-superficial": "basal_cell_carcinoma",
                "benign-keratosis": "benign_keratosis",
                "inverted-follicular-keratosis": "benign_keratosis",
                "lichenoid-keratosis": "benign_keratosis",
                "seborrheic-keratosis": "benign_keratosis",
                "seborrheic-keratosis-irritated": "benign_keratosis",
                "solar-lentigo": "benign_keratosis",
                "dermatofibroma": "dermatofibroma",
                "melanoma": "melanoma",
                "melanoma-acral-lentiginous": "melanoma",
                "melanoma-in-situ": "melanoma",
                "nodular-melanoma-(nm)": "melanoma",
                "atypical-spindle-cell-nevus-of-reed": "nevus",
                "blue-nevus": "nevus",
                "dysplastic-nevus": "nevus",
                "melanocytic-nevi": "nevus",
                "pigmented-spindle-cell-nevus-of-reed": "nevus",
                "squamous-cell-carcinoma": "squamous_cell_carcinoma",
                "squamous-cell-carcinoma-keratoacanthoma": "squamous_cell_carcinoma",
                "angioma": "vascular_lesion",
                "arteriovenous-hemangioma": "vascular_lesion",
                "hematoma": "vascular_lesion",
                "pyogenic-granuloma": "vascular_lesion",
            },
        ),
        # The diagnoses of all images are of histopathology, but the table does not say so of each.
        "fitzpatrick_type": Column("skin_tone", values={"12": "1-2", "34": "3-4", "56": "5-6"}),
    },
)
