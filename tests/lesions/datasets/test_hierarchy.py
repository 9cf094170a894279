"""The finest word of a hierarchy that has a value counts."""

import pytest

from lesions.datasets.columns import UnknownWordError
from lesions.datasets.ddi import DDI
from lesions.datasets.hierarchy import Hierarchy, name_word
from lesions.datasets.isic_archive import DIAGNOSES, ISIC_ARCHIVE
from lesions.datasets.vocabulary import DIAGNOSES as NAMES

ARCHIVE = ISIC_ARCHIVE.columns["diagnosis"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("", None),
        ("Benign", "benign"),
        ("Benign:Benign melanocytic proliferations", "benign"),
        ("Benign:Benign melanocytic proliferations:Lentigo simplex", "other_benign"),
        ("Benign:Benign melanocytic proliferations:Nevus:Nevus, Spitz", "nevus"),
        ("Benign:Cysts", "other_benign"),
        ("Benign:Hemorrhagic lesions:Hemorrhage", "vascular_lesion"),
        ("Benign:Inflammatory or infectious diseases:Verruca", "inflammatory_or_infectious"),
        ("Indeterminate:Indeterminate epidermal proliferations:Solar or actinic keratosis", "actinic_keratosis"),
        ("Indeterminate:Indeterminate epidermal proliferations:Solar or actinic cheilitis", "indeterminate"),
        ("Malignant:Malignant epidermal proliferations:Bowenoid papulosis", "other_malignant"),
        ("Malignant:Malignant epidermal proliferations:Squamous cell carcinoma in situ", "actinic_keratosis"),
        ("malignant:MALIGNANT  melanocytic proliferations (melanoma):A kind that is new", "melanoma"),
        ("Malignant:Collision - At least one malignant proliferation", "other_malignant"),
    ],
)
def test_paths_of_the_archive_become_diagnoses(path: str, expected: str | None) -> None:
    levels = [*path.split(":"), *[""] * 5][:5]
    row = dict.fromkeys(ARCHIVE.needed, "") | {f"diagnosis_{n}": word for n, word in enumerate(levels, start=1)}
    assert ARCHIVE.read(row) == expected
    assert ARCHIVE.find_word(row) == path.split(":")[-1]


def test_every_value_is_a_name_of_this_project() -> None:
    assert {*DIAGNOSES.values(), *DDI.columns["diagnosis"].values.values()} <= {*NAMES}


def test_a_word_without_a_value_at_any_level_is_refused() -> None:
    column = Hierarchy(("side", "kind"), {"benign": "benign"}, missing=frozenset({"unknown"}))
    assert column.read({"side": "unknown", "kind": " "}) is None
    with pytest.raises(UnknownWordError, match="is unknown; known are benign, unknown"):
        column.read({"side": "unknown", "kind": "wart"})


def test_a_word_becomes_a_name_of_at_most_50_characters() -> None:
    assert name_word("Melanoma, NOS") == "melanoma_nos"
    assert name_word("Squamous cell carcinoma, Invasive, NOS, moderately differentiated") == (
        "squamous_cell_carcinoma_invasive_nos_moderately_di"
    )
