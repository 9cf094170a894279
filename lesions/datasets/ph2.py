"""PH² (Mendonça et al. 2013, doi 10.1109/EMBC.2013.6610779): 200 dermoscopic images of the Hospital Pedro Hispano.

`PH2_dataset.txt` is read, whose cells are separated by strokes; the spreadsheet beside it says the same. The masks
and regions in the folder of each image have other names than the image, so that no row names them.
"""

from pathlib import Path

from lesions.datasets.adapter import Adapter
from lesions.datasets.columns import Column

PH2 = Adapter(
    tables=(Path("PH2_dataset.txt"),),
    columns={
        "image_id": Column("Name"),
        # The legend below the table: 0 is a common nevus, 1 an atypical nevus, 2 a melanoma.
        "diagnosis": Column("Clinical Diagnosis", values={"0": "nevus", "1": "nevus", "2": "melanoma"}),
    },
)
