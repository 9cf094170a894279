"""Scores as the cells of the report's tables."""

from lesions.evaluation.interval import Estimate
from lesions.evaluation.verdict import spell_bounds, spell_number

Cell = tuple[str, str]
"""A score, and the bounds of its interval."""

UNDEFINED: Cell = ("–", "")


def spell_cell(estimate: Estimate | None, *, signed: bool = False) -> Cell:
    """Return a score and its bounds; a dash if it is undefined."""
    return (spell_number(estimate.value, signed=signed), spell_bounds(estimate)) if estimate else UNDEFINED
