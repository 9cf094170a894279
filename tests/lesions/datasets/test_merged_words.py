"""Words that became one diagnosis are counted, within bounds, and described."""

import pandas as pd

from lesions.datasets.merged_words import MAX_WORDS, count_merged_words, describe_merged_words


def count(*words_and_diagnoses: tuple[str, str, int]) -> dict[str, dict[str, int]]:
    rows = [(word, diagnosis) for word, diagnosis, number in words_and_diagnoses for _ in range(number)]
    return count_merged_words(pd.DataFrame(rows, columns=["word", "diagnosis"]))


def test_two_words_of_one_diagnosis_are_counted_and_described() -> None:
    merged = count(
        ("pigmented benign keratosis", "benign_keratosis", 478),
        ("seborrheic keratosis", "benign_keratosis", 80),
        ("nevus", "nevus", 3),
        ("mole", "nevus", 1200),
        ("melanoma", "melanoma", 9),
    )
    assert merged == {
        "benign_keratosis": {"pigmented benign keratosis": 478, "seborrheic keratosis": 80},
        "nevus": {"mole": 1200, "nevus": 3},
    }
    assert describe_merged_words(merged) == [
        "seborrheic keratosis 80 + pigmented benign keratosis 478 → benign_keratosis",
        "nevus 3 + mole 1,200 → nevus",
    ]


def test_capitals_blanks_hyphens_and_underscores_make_no_other_word() -> None:
    spellings = ("Nevus", "nevus", "NEVUS"), ("basal cell carcinoma", "Basal-cell  carcinoma", "basal_cell_carcinoma")
    assert count(*((word, words[1], 1) for words in spellings for word in words)) == {}
    merged = count(("Nevus", "nevus", 2), ("nevus", "nevus", 3), ("nv", "nevus", 4))
    assert merged == {"nevus": {"nevus": 5, "nv": 4}}


def test_very_many_and_very_long_words_are_bounded_but_counted() -> None:
    many = [(f"word {n}", "nevus", 30 - n) for n in range(25)]
    found = count(*many)["nevus"]
    assert len(found) == MAX_WORDS + 1
    assert found["(5 other words)"] == 10 + 9 + 8 + 7 + 6
    assert sum(found.values()) == sum(number for *_, number in many)
    long = count(("a" * 90 + "b", "nevus", 1), ("a" * 90 + "c", "nevus", 2), ("x\x1b[31m\n", "nevus", 1))["nevus"]
    assert long == {"a" * 79 + "…": 3, "x?[31m?": 1}
