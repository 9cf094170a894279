"""All unknown words are listed with their counts, and the lines to paste are YAML that says exactly these words."""

import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from lesions.datasets.columns import Column, fold_word
from lesions.datasets.own_data import FOLDER
from lesions.datasets.unknown_words import MAX_WORDS, TO_FILL_IN, describe_unknown_words
from lesions.errors import QUOTED_CHARACTERS

FINDING = Column("finding", values={"melanoma": "melanoma", "nevus": "nevus"}, parameter="dataset.words.diagnosis")


PASTE = "to use these rows, complete these lines in the section dataset of params.yaml"


def refuse(*words: str, column: Column = FINDING) -> list[dict[str, Any]]:
    return [{"source": "csv", "column": column.name, "value": word, "unknown_in": column} for word in words]


def paste(lines: list[str]) -> dict[str, dict[str, str]]:
    """Return the words that the lines say."""
    return YAML(typ="safe").load("\n".join(lines[2:]))["dataset"]["words"]


def test_all_words_are_counted_and_explained_in_lines_to_paste() -> None:
    gender = Column("gender", values={"female": "female", "male": "male"}, parameter="dataset.words.sex")
    refused = refuse(*["wart"] * 3, "Naevus", *["naevus "] * 4, "non-melanoma") + refuse("?", "f", "?", column=gender)
    assert describe_unknown_words(refused) == [
        "9 × finding: unknown are 'Naevus' (5 rows), 'wart' (3 rows), 'non-melanoma' (1 rows); "
        "known are melanoma, nevus",
        f"{PASTE} (unknown leaves their images out)",
        "  dataset:",
        "    words:",
        "      diagnosis:",
        '        "Naevus": nevus  # 5 rows; a guess: check it',
        '        "wart": FILL_IN  # 3 rows',
        '        "non-melanoma": FILL_IN  # 1 rows',
        "3 × gender: unknown are '?' (2 rows), 'f' (1 rows); known are female, male",
        f"{PASTE} (words for 'not known' belong in dataset.missing, such as missing: {{sex: [...]}})",
        "  dataset:",
        "    words:",
        "      sex:",
        '        "?": FILL_IN  # 2 rows',
        '        "f": FILL_IN  # 1 rows',
    ]


def test_folders_are_called_folders() -> None:
    folder = Column(FOLDER, values={"nevus": "nevus"}, parameter="dataset.words.diagnosis")
    first, *_, last = describe_unknown_words(refuse(*["Unklar"] * 4, column=folder))
    assert first == "4 × (folder): unknown are folder 'Unklar' (4 images); known are nevus"
    assert last.strip() == '"Unklar": FILL_IN  # 4 images'


def test_a_published_dataset_has_no_words_to_add() -> None:
    column = Column("dx", values={"mel": "melanoma"}, missing=frozenset({"n/a"}))
    assert describe_unknown_words(refuse("wart", column=column)) == [
        "1 × dx: unknown are 'wart' (1 rows); known are mel, n/a"
    ]
    assert describe_unknown_words([{"column": "age", "value": "430"}]) == []


def test_many_and_long_words_are_bounded() -> None:
    words = [f"word {n}" for n in range(30) for _ in range(40 - n)] + ["y" * 81] * 50
    first, *lines = describe_unknown_words(refuse(*words))
    assert f"'{'y' * (QUOTED_CHARACTERS - 1)}…' (50 rows), 'word 0' (40 rows)" in first
    assert "'word 18' (22 rows) and 11 others (176); known are" in first
    assert list(paste([first, *lines])["diagnosis"]) == [f"word {n}" for n in range(MAX_WORDS - 1)]


@given(st.lists(st.text(min_size=1, max_size=QUOTED_CHARACTERS).filter(str.strip), min_size=1, max_size=MAX_WORDS))
def test_the_lines_to_paste_give_back_every_word(words: list[str]) -> None:
    lines = describe_unknown_words(refuse(*words))
    assert all(line.isprintable() for line in lines)
    pasted = paste(lines)["diagnosis"]
    assert {fold_word(word) for word in pasted} == {fold_word(word) for word in words}
    assert set(pasted) <= {word.strip() for word in words}
    assert set(pasted.values()) <= {TO_FILL_IN, "melanoma", "nevus"}


def test_what_is_left_to_fill_in_is_no_diagnosis() -> None:
    assert not re.fullmatch("[a-z][a-z0-9_]*", TO_FILL_IN)
