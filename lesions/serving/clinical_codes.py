"""Codes of SNOMED CT for the classes of a model, where a code says exactly what the class is."""

from typing import NamedTuple

from lesions.serving.manifest import ServedClass


class Code(NamedTuple):
    """A concept of SNOMED CT.

    Attributes
    ----------
    value
        Its number.
    meaning
        Its name.
    """

    value: str
    meaning: str


SNOMED_CODES = {
    "basal_cell_carcinoma": Code("254701007", "Basal cell carcinoma of skin"),
    "melanoma": Code("372244006", "Malignant melanoma"),
    "nevus": Code("400096001", "Melanocytic nevus"),
    "squamous_cell_carcinoma": Code("254651007", "Squamous cell carcinoma of skin"),
}
"""The code of each diagnosis that has one.

The others are wider here than any concept: actinic keratosis includes Bowen's disease, and benign keratosis,
pigmented benign keratosis and vascular lesion are several diseases each. For seborrheic keratosis and dermatofibroma
we know no code of the disease, as opposed to the shape of its cells, from a source that can be cited."""


def find_code(served: ServedClass) -> Code | None:
    """Return the code of a class; None if it stands for several diagnoses, or for one without a code."""
    return SNOMED_CODES.get(served.diagnoses[0]) if len(served.diagnoses) == 1 else None


def spell_class(name: str) -> str:
    """Return the name of a class in words."""
    return name.replace("_", " ")
