"""Write report pages, and read them in a browser."""

from pathlib import Path

import numpy as np
from playwright.sync_api import Page

from tests.runs import build_predictions, guess, run_compare, run_report, true_classes, write_run

Y_TRUE = true_classes()
MIDDLING = guess(Y_TRUE, 1.5)


def report_of(folder: Path, y_true: np.ndarray = Y_TRUE, **logits: np.ndarray) -> Path:
    """Write the report on models with the given logits, and return its path."""
    params = write_run(folder, {model: build_predictions(y_true, values) for model, values in logits.items()})
    run_compare(folder, params)
    return run_report(folder, params)


def read(page: Page, path: Path) -> tuple[str, list[str], dict[str, list[str]]]:
    """Return the verdict, the warnings, and each model's scores: all on test without intervals, one on validation."""
    page.goto(path.as_uri())
    verdict = " ".join(page.locator("#verdict p").all_inner_texts())
    warnings = page.locator("#doubts li").all_inner_texts()
    rows = page.locator("#scores tbody tr").all()
    scores = {
        str(row.get_attribute("data-model")): [cell.split("\n")[0] for cell in row.locator("td").all_inner_texts()]
        for row in rows
    }
    return verdict, warnings, scores
