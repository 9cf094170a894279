"""The words for diagnoses that every table and folder of one's own may use without translation."""

from collections.abc import Iterable

from lesions.datasets.ham10000 import HAM10000
from lesions.tables.record import UNKNOWN

DIAGNOSES = (
    "actinic_keratosis",
    "basal_cell_carcinoma",
    "benign",
    "benign_keratosis",
    "dermatofibroma",
    "indeterminate",
    "inflammatory_or_infectious",
    "malignant",
    "melanoma",
    "nevus",
    "non_neoplastic",
    "other_benign",
    "other_malignant",
    "pigmented_benign_keratosis",
    "seborrheic_keratosis",
    "squamous_cell_carcinoma",
    "vascular_lesion",
)
"""The diagnoses of the datasets that are read here; parameters may name others.

Bowen's disease counts as actinic keratosis, and solar lentigo, seborrheic and lichen-planus-like keratosis as benign
keratosis, as in HAM10000 (Tschandl et al. 2018). Data that tell seborrheic keratosis from other pigmented benign
keratoses, such as the ISIC archive's folders, keep the two apart. `benign` and `malignant` are for data that give no
diagnosis beyond that, `other_benign` and `other_malignant` for diagnoses that have no name here. `indeterminate` is
what the ISIC archive calls neither benign nor malignant, and `non_neoplastic` what Fitzpatrick17k calls neither."""


def list_spellings(names: Iterable[str]) -> dict[str, str]:
    """Return each diagnosis by its name, and by its name with blanks for underscores."""
    return {spelling: name for name in names for spelling in (name, name.replace("_", " "))}


WORDS = {
    **list_spellings(DIAGNOSES),
    **HAM10000.columns["diagnosis"].values,
    "ak": "actinic_keratosis",
    "scc": "squamous_cell_carcinoma",
    UNKNOWN: UNKNOWN,
}
"""The diagnosis of each word: our names, and the codes of HAM10000 and of the ISIC challenges."""
