"""The table of who is in each split, as texts."""

from collections.abc import Sequence

from lesions.drawing.style import spell
from lesions.report.summary import Summary

SPLIT_WORDS = {"train": "training", "val": "validation", "test": "test", "external": "other datasets"}

WORDS = {
    "age_years": "age in years",
    "diagnosis_confirmation": "confirmed by",
    "fitzpatrick_type": "Fitzpatrick skin type",
}
"""The words for a characteristic, where its name alone does not say it."""


class CharacteristicRow(Summary):
    """A row of `data/characteristics.json`."""

    characteristic: str
    value: str
    split: str
    number: int | float | None


def list_characteristics(rows: Sequence[CharacteristicRow]) -> list[dict[str, str]]:
    """Return one row per characteristic and value: its number, and its share of the images, in each split."""
    splits = [split for split in SPLIT_WORDS if any(row.split == split for row in rows)]
    images = {row.split: row.number for row in rows if row.characteristic == "images"}
    numbers = {(row.characteristic, row.value, row.split): row.number for row in rows}
    return [
        {
            "characteristic": f"{WORDS.get(name, spell(name))}{f': {spell(value)}' if value else ''}",
            **{
                SPLIT_WORDS[split]: _spell_number(name, value, numbers.get((name, value, split)), images[split])
                for split in splits
            },
        }
        for name, value in dict.fromkeys((row.characteristic, row.value) for row in rows)
    ]


def _spell_number(name: str, value: str, number: float | None, num_images: float | None) -> str:
    if number is None:
        return "–"
    if not value or (name == "age_years" and value != "not known"):
        return f"{number:,.10g}"
    return f"{number:,} ({number / num_images:.1%})" if num_images else f"{number:,}"
