"""Words of the data that became one diagnosis: counted, and said wherever the diagnosis is shown."""

from collections import Counter
from collections.abc import Mapping

import pandas as pd

from lesions.datasets.columns import fold_word
from lesions.errors import cut_value

MAX_WORDS = 20
"""The most words that are named for a diagnosis; of more, the most frequent are."""

MergedWords = Mapping[str, Mapping[str, int]]
"""The number of images of each word, for each diagnosis that several words became."""


def count_merged_words(images: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Count the images of each word, for each diagnosis that several words became.

    Words that differ only in capitals, blanks, hyphens and underscores are one word, in its most frequent spelling.

    Parameters
    ----------
    images : (N, ...)
        With `diagnosis`, and `word`, the dataset's word for it.
    """
    merged = {}
    for diagnosis, words in images.groupby("diagnosis").word:
        counts = _count_words(words)
        if len(counts) > 1:
            merged[str(diagnosis)] = counts
    return merged


def describe_merged_words(merged: MergedWords) -> list[str]:
    """Return a line for each diagnosis, such as `seborrheic keratosis 80 + bkl 478 → benign_keratosis`."""
    lines = []
    for diagnosis, words in sorted(merged.items()):
        rarest_first = sorted(words.items(), key=lambda item: (item[1], item[0]))
        lines.append(f"{' + '.join(f'{word} {number:,}' for word, number in rarest_first)} → {diagnosis}")
    return lines


def show_word(word: str) -> str:
    """Return a word as it may be shown: cut if it is long, with ? for what cannot be printed."""
    return "".join(character if character.isprintable() else "?" for character in cut_value(word))


def _count_words(words: pd.Series) -> dict[str, int]:
    """Count each word under its most frequent spelling, the most frequent word first."""
    totals: Counter[str] = Counter()
    spellings: dict[str, str] = {}
    for word, number in sorted(Counter(words).items(), key=lambda item: (-item[1], item[0])):
        shown = show_word(word)
        key = fold_word(shown.replace("_", " ").replace("-", " "))
        spellings.setdefault(key, shown)
        totals[key] += number
    named, others = totals.most_common()[:MAX_WORDS], totals.most_common()[MAX_WORDS:]
    counts = {spellings[key]: number for key, number in named}
    if others:
        counts[f"({len(others)} other words)"] = sum(number for _, number in others)
    return counts
