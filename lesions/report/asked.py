"""Say what was asked of the models, before the answer."""

from collections.abc import Sequence
from typing import Any

from lesions.drawing.style import spell
from lesions.evaluation.verdict import METRIC_WORDS
from lesions.report.inputs import SplitSummary
from lesions.tables.groups import list_identifiers

MAX_NAMED = 9
"""More classes than these are counted, not named."""


def describe_question(
    classes: Sequence[str], split: SplitSummary, metric: str, *, num_networks: int, num_ensembles: int
) -> dict[str, Any]:
    """Return the question, and how it was answered, as sentences."""
    named = f": {', '.join(map(spell, classes))}" if len(classes) <= MAX_NAMED else ""
    choosing = ""
    if num_networks + num_ensembles > 1:
        val = f"{split.num_images['val']:,} other images (validation)"
        choosing = f" The best of them was chosen by its {METRIC_WORDS[metric]} on {val}."
    return {
        "question": f"Can photographs of skin lesions be told apart by a network, in {len(classes)} classes{named}?",
        "answering": f"{_describe_training(split, num_networks, num_ensembles)}{choosing} What is said below is of "
        f"{split.num_images['test']:,} test images{_describe_apart(split)}, on which nothing was chosen.",
    }


def _describe_training(split: SplitSummary, num_networks: int, num_ensembles: int) -> str:
    networks, them = (
        ("One network was", "it with others") if num_networks == 1 else (f"{num_networks} networks were", "them")
    )
    combining = {0: "", 1: f", and an ensemble combines {them}"}.get(
        num_ensembles, f", and {num_ensembles} ensembles combine {them}"
    )
    return f"{networks} trained on {split.num_images['train']:,} images{combining}."


def _describe_apart(split: SplitSummary) -> str:
    names = list_identifiers(split.grouped_by)
    if split.scheme != "group" or not names or split.leaked_test_share or split.num_test_images_without_identifier:
        return ""
    return f" of other {' and '.join(f'{name}s' for name in names)}"
