"""The adapter of each dataset, by the dataset's name."""

from pathlib import Path

from lesions.datasets.adapter import Adapter
from lesions.datasets.ham10000 import HAM10000
from lesions.datasets.isic2018 import ISIC_2018, ISIC_2018_TEST
from lesions.datasets.isic2019 import ISIC_2019
from lesions.datasets.own_data import Layout, build_folder_adapter, build_table_adapter
from lesions.datasets.pad_ufes_20 import PAD_UFES_20
from lesions.datasets.parameters import DatasetParameters
from lesions.datasets.siim_isic_2020 import SIIM_ISIC_2020

PUBLISHED: dict[str, Adapter] = {
    "ham10000": HAM10000,
    "isic2018": ISIC_2018,
    "isic2018_test": ISIC_2018_TEST,
    "isic2019": ISIC_2019,
    "pad_ufes_20": PAD_UFES_20,
    "siim_isic_2020": SIIM_ISIC_2020,
    "synthetic": HAM10000,
}


def build_adapter(name: str, parameters: DatasetParameters) -> Adapter:
    """Return the adapter that reads a dataset.

    Raises
    ------
    InputError
        If the parameters translate a word to an unknown value.
    """
    own = parameters.find_source(name)
    if own is None:
        return PUBLISHED[name]
    diagnoses = () if isinstance(parameters.diagnoses, str) else parameters.diagnoses
    layout = Layout(own, parameters.find_key(name), diagnoses)
    table = None if own.table is None else Path(own.table)
    if own.kind == "image_folder":
        return build_folder_adapter(table, layout)
    assert table is not None
    return build_table_adapter(table, layout)
