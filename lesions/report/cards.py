"""Model cards: what one model is for, made of, and worth, with a head that model hubs read."""

import re
from collections.abc import Mapping
from typing import Any

from lesions.evaluation.comparison import Comparison
from lesions.evaluation.verdict import METRIC_WORDS, spell_bounds, spell_number
from lesions.report.names import ReportedModel
from lesions.report.page import render_markdown

TEMPLATE = "card.md.j2"

IDENTIFIER = re.compile(r"[a-z0-9][a-z0-9.+-]*")
"""A licence by the short name of a hub, such as `mit` or `cc-by-nc-4.0`."""


def write_card(model: ReportedModel, content: Mapping[str, Any], comparison: Comparison | None) -> str:
    """Return the card of one model, in Markdown.

    Parameters
    ----------
    content
        What the page says of the data and of all models, and of this model: `model`, `weights_licence`, `diagnoses`,
        `operating`, `subgroups`, `robustness` and `generalisation`.
    comparison
        The scores on test images; None while these are sealed.
    """
    statements = {row["name"]: row for row in content["statements"]}
    return render_markdown(
        TEMPLATE,
        **{**content, "statements": statements},
        name=model.name,
        code_name=model.model,
        metrics=_list_metrics(model.name, comparison) if comparison else [],
        licence=_name_licence(statements["licence"]["stated"]),
    )


def _list_metrics(model: str, comparison: Comparison) -> list[dict[str, Any]]:
    return [
        {
            "type": metric,
            "name": METRIC_WORDS[metric],
            "value": round(score.value, 6),
            "spelt": spell_number(score.value),
            "interval": spell_bounds(score),
        }
        for metric in comparison.metrics
        for score in [comparison.scores[model, metric]]
    ]


def _name_licence(stated: str) -> dict[str, str]:
    """Return the identifier for a hub, and the name where the hub has no identifier for it."""
    if not stated:
        return {"identifier": "unknown", "name": ""}
    if IDENTIFIER.fullmatch(stated.lower()):
        return {"identifier": stated.lower(), "name": ""}
    return {"identifier": "other", "name": stated}
