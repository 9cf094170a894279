"""Printing the scores that several experiments have together."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table

from lesions.stage.tables import print_table

if TYPE_CHECKING:
    from lesions.evaluation.comparison import Comparison


def start_table(*columns: str) -> Table:
    """Return an empty table whose first column has names; no name and no score is ever broken or cut."""
    table = Table(box=None)
    for column in ("", *columns):
        table.add_column(column, no_wrap=True)
    return table


def spell_validation(comparison: "Comparison", model: str, metric: str) -> str:
    """Return a score on validation, or nothing if it is undefined."""
    value = comparison.on_validation.get((model, metric))
    return "" if value is None else f"{value:.3f}"


def print_scores(
    table: Table, comparison: "Comparison", *, rivals: Sequence[str], metric: str, num_seeds: int = 1
) -> None:
    """Print a table, and the lead on test of the best of the rivals on validation over every other model.

    Parameters
    ----------
    table
        The scores; an empty table is not printed.
    comparison
        The comparison that they are from.
    rivals
        The models of which one is the best.
    metric
        The metric that decides; that the test or the validation images do not define it is said.
    num_seeds
        Number of seeds from which each model was trained.
    """
    from lesions.evaluation.verdict import list_leads

    print_table(table)
    chosen_by = {name for _, name in comparison.on_validation}
    for split, metrics in (("test", comparison.metrics), ("validation", chosen_by)):
        if metric not in metrics:
            print(f"the {split} images do not define {metric}, so that no model is called better by it")
            return
    for line in list_leads(comparison, rivals, metric, num_seeds=num_seeds):
        print(line)
