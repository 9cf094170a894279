"""The words of a table that nothing explains: all of them with their counts, and lines to paste into params.yaml."""

from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Any

from lesions.datasets.columns import KnowsWords, fold_word, list_known_words
from lesions.datasets.own_data import FOLDER
from lesions.errors import QUOTED_CHARACTERS, quote_value

MAX_WORDS = 20
"""The most words of a column that are listed; of more, the most frequent are."""

MIN_LIKENESS = 0.88
"""The least likeness to a known word, from 0 to 1, for a guess: of naevus to nevus 0.91, of non-melanoma 0.80."""

TO_FILL_IN = "FILL_IN"
"""Stands for a value that only the user knows; no field accepts it."""

Refusals = Sequence[dict[str, Any]]
"""Refused rows with the columns of `data/rejected.csv`, and with `unknown_in`, their column, if a word is unknown."""


def describe_unknown_words(refusals: Refusals) -> list[str]:
    """Return for each column with unknown words a line that counts them, and lines that would explain them."""
    columns: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for refusal in refusals:
        if "unknown_in" in refusal:
            columns.setdefault((refusal.get("source", ""), refusal["column"]), []).append(refusal)
    return [line for refused in columns.values() for line in _describe_column(refused)]


def _describe_column(refused: Refusals) -> Iterator[str]:
    column: KnowsWords = refused[0]["unknown_in"]
    words = _count_words(refused)
    listed = ", ".join(_show_word(word, number, column) for word, number in words[:MAX_WORDS])
    others = words[MAX_WORDS:]
    if others:
        listed += f" and {len(others)} others ({sum(number for _, number in others)})"
    yield f"{len(refused)} × {column.name}: unknown are {listed}; known are {list_known_words(column)}"
    pasted = [line for word, number in words[:MAX_WORDS] for line in _explain_word(word, number, column)]
    if column.parameter and pasted:
        field = column.parameter.rpartition(".")[2]
        unknown = (
            "unknown leaves their images out"
            if field == "diagnosis"
            else f"words for 'not known' belong in dataset.missing, such as missing: {{{field}: [...]}}"
        )
        yield f"to use these rows, complete these lines in the section dataset of params.yaml ({unknown})"
        yield from ("  dataset:", "    words:", f"      {field}:", *pasted)


def _count_words(refused: Refusals) -> list[tuple[str, int]]:
    """Return each word in its first spelling, with the number of its rows; the most frequent first."""
    totals: Counter[str] = Counter()
    spellings: dict[str, str] = {}
    for refusal in refused:
        word = refusal["value"].strip()
        spellings.setdefault(fold_word(word), word)
        totals[fold_word(word)] += 1
    return [(spellings[key], number) for key, number in totals.most_common()]


def _show_word(word: str, number: int, column: KnowsWords) -> str:
    shown = quote_value(word)
    return f"folder {shown} ({number} images)" if column.name == FOLDER else f"{shown} ({number} rows)"


def _explain_word(word: str, number: int, column: KnowsWords) -> Iterator[str]:
    """Yield the line of YAML that explains a word, with a guess if one is alike; none if it is long."""
    if len(word) > QUOTED_CHARACTERS:
        return
    values = {fold_word(known): value for known, value in column.values.items()}
    alike = get_close_matches(fold_word(word), values, n=1, cutoff=MIN_LIKENESS)
    value, guessed = (values[alike[0]], "; a guess: check it") if alike else (TO_FILL_IN, "")
    yield f"        {_quote(word)}: {value}  # {number} {'images' if column.name == FOLDER else 'rows'}{guessed}"


def _quote(word: str) -> str:
    """Return a word as a double-quoted scalar of YAML, in characters that can be printed."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(one if one.isprintable() else f"\\U{ord(one):08x}" for one in escaped) + '"'
