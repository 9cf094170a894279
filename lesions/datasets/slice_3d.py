"""SLICE-3D (Kurtansky et al. 2024, doi 10.1038/s41597-024-03743-w), the training set of the ISIC 2024 challenge.

Its table has columns that give the answer away, and none of them is read:

* `iddx_…` and `mel_…` are the pathologist's report;
* `tbp_lv_dnn_lesion_confidence` is what another network thought of the image;
* `lesion_id` was given to lesions that were followed up or excised, and every malignant one has one. As a lesion has
  one patient, and all images have one, it would keep together no images that the patient does not. Scores by lesion
  would be scores of the suspicious lesions alone.
"""

from pathlib import Path

from lesions.datasets.adapter import Adapter
from lesions.datasets.columns import Column
from lesions.datasets.isic_archive import NOT_KNOWN

SLICE_3D = Adapter(
    tables=(Path("train-metadata.csv"),),
    columns={
        "image_id": Column("isic_id"),
        "patient_id": Column("patient_id"),
        "diagnosis": Column("target", values={"0": "benign", "0.0": "benign", "1": "malignant", "1.0": "malignant"}),
        "age_years": Column("age_approx", values={"85+": "85"}, takes_other_words=True),
        "sex": Column("sex", values={"female": "female", "male": "male"}),
        "site": Column("anatom_site_general", missing=NOT_KNOWN),
    },
    licence="copyright_license",
)
