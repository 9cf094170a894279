"""Reporting checklists, filled in by the run: where the page answers each item, and what is missing."""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from lesions.report.checklist_items import GUIDELINES
from lesions.report.page import render_markdown

TEMPLATE = "checklist.md.j2"

State = Literal["answered", "partly", "to be stated", "not by this page"]


class Item(NamedTuple):
    """An item of a guideline, in our words.

    Attributes
    ----------
    number, topic
    sections
        The sections of the page that answer it, by their ids.
    statements
        The parameters of `about` that answer it.
    """

    number: str
    topic: str
    sections: tuple[str, ...]
    statements: tuple[str, ...]


def list_items(guideline: str) -> list[Item]:
    """Return the items of a guideline: STARD 2015, CLAIM 2024 or TRIPOD+AI."""
    return [
        Item(number, topic, tuple(sections.split()), tuple(statements.split()))
        for number, topic, sections, statements in GUIDELINES[guideline].items
    ]


def judge_item(item: Item, stated: Mapping[str, str], sections: Sequence[str]) -> State:
    """Say whether the page answers an item.

    Parameters
    ----------
    stated
        What each parameter of `about` says; empty if nothing.
    sections
        The sections that the page has.
    """
    answers = [section in sections for section in item.sections] + [bool(stated[name]) for name in item.statements]
    if answers and all(answers):
        return "answered"
    if any(answers):
        return "partly"
    return "to be stated" if item.statements else "not by this page"


def fill_in_checklist(stated: Mapping[str, str], sections: Mapping[str, str]) -> str:
    """Return the filled-in checklist, in Markdown.

    Parameters
    ----------
    stated
        What each parameter of `about` says; empty if nothing.
    sections
        The headings of the sections that the page has, by id.
    """
    filled = []
    for name, guideline in GUIDELINES.items():
        rows = [
            {
                "number": item.number,
                "topic": item.topic,
                "state": judge_item(item, stated, list(sections)),
                "where": [sections.get(section, f"{section} (not in this run)") for section in item.sections],
                "statements": [f"about.{one}" for one in item.statements],
            }
            for item in list_items(name)
        ]
        counts = {state: sum(row["state"] == state for row in rows) for state in State.__args__}  # type: ignore[attr-defined]
        filled.append({"name": name, "source": guideline.source, "rows": rows, "counts": counts})
    return render_markdown(TEMPLATE, guidelines=filled)
