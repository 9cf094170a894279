"""The adapter of each dataset, by the dataset's name."""

from pathlib import Path

from lesions.datasets.adapter import Adapter
from lesions.datasets.bcn20000 import BCN20000
from lesions.datasets.ddi import DDI
from lesions.datasets.derm7pt import DERM7PT
from lesions.datasets.fitzpatrick17k import FITZPATRICK17K
from lesions.datasets.ham10000 import HAM10000
from lesions.datasets.isic2018 import ISIC_2018, ISIC_2018_TEST
from lesions.datasets.isic2019 import ISIC_2019
from lesions.datasets.isic_archive import ISIC_ARCHIVE, build_archive_adapter
from lesions.datasets.milk10k import MILK10K
from lesions.datasets.own_data import Layout, build_folder_adapter, build_table_adapter
from lesions.datasets.pad_ufes_20 import PAD_UFES_20
from lesions.datasets.parameters import ISIC, DatasetParameters
from lesions.datasets.ph2 import PH2
from lesions.datasets.siim_isic_2020 import SIIM_ISIC_2020
from lesions.datasets.slice_3d import SLICE_3D

PUBLISHED: dict[str, Adapter] = {
    "bcn20000": BCN20000,
    "ddi": DDI,
    "derm7pt": DERM7PT,
    "fitzpatrick17k": FITZPATRICK17K,
    "ham10000": HAM10000,
    "isic2018": ISIC_2018,
    "isic2018_test": ISIC_2018_TEST,
    "isic2019": ISIC_2019,
    "isic_archive": ISIC_ARCHIVE,
    "milk10k": MILK10K,
    "pad_ufes_20": PAD_UFES_20,
    "ph2": PH2,
    "siim_isic_2020": SIIM_ISIC_2020,
    "slice_3d": SLICE_3D,
    "synthetic": HAM10000,
}


def build_adapter(name: str, parameters: DatasetParameters) -> Adapter:
    """Return the adapter that reads a dataset.

    Raises
    ------
    InputError
        If the parameters translate a word to an unknown value.
    """
    if parameters.isic_archive is not None and name == ISIC:
        return build_archive_adapter(parameters.isic_archive)
    if name in PUBLISHED:
        return PUBLISHED[name]
    table = None if parameters.table is None else Path(parameters.table)
    layout = Layout(
        columns=parameters.columns,
        words=parameters.words,
        missing=parameters.missing,
        diagnoses=() if isinstance(parameters.diagnoses, str) else parameters.diagnoses,
        lesions_by_patient=parameters.lesions_by_patient,
    )
    if name == "image_folder":
        return build_folder_adapter(table, layout)
    assert table is not None
    return build_table_adapter(table, layout)
