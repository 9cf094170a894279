"""The checklists have every item once, name only what there is, and are filled in by what is stated."""

import pytest

from lesions.report.about import QUESTIONS, AboutParameters
from lesions.report.checklist import Item, fill_in_checklist, judge_item, list_items
from lesions.report.checklist_items import GUIDELINES
from lesions.report.sections import HEADINGS, MAPS

STATED = dict.fromkeys(QUESTIONS, "")


@pytest.mark.parametrize(("guideline", "number"), [("STARD 2015", 34), ("CLAIM 2024", 44), ("TRIPOD+AI", 52)])
def test_every_item_is_there_once_and_names_sections_and_parameters_that_exist(guideline: str, number: int) -> None:
    items = list_items(guideline)
    assert len({item.number for item in items}) == len(items) == number
    assert {section for item in items for section in item.sections} <= {*HEADINGS, MAPS}
    assert {name for item in items for name in item.statements} <= {*QUESTIONS}


def test_every_statement_answers_an_item_or_is_of_the_card() -> None:
    assert list(QUESTIONS) == list(AboutParameters.model_fields)
    used = {name for guideline in GUIDELINES for item in list_items(guideline) for name in item.statements}
    assert {*QUESTIONS} - used == {"licence", "citation", "contact"}


def test_an_item_is_answered_by_the_page_and_by_what_is_stated() -> None:
    both = Item("1", "", ("data",), ("setting",))
    assert judge_item(both, STATED, ["data"]) == "partly"
    assert judge_item(both, STATED | {"setting": "Vienna"}, ["data"]) == "answered"
    assert judge_item(Item("1", "", (), ("setting",)), STATED, ["data"]) == "to be stated"
    assert judge_item(Item("1", "", ("robustness",), ()), STATED, ["data"]) == "not by this page"
    assert judge_item(Item("1", "", (), ()), STATED, ["data"]) == "not by this page"


def test_the_filled_in_checklist_counts_and_says_where() -> None:
    text = fill_in_checklist(STATED | {"setting": "a clinic", "dates": "2020"}, {"data": "Data"})
    assert "| 8 | setting, place and dates | answered | about.setting, about.dates |" in text
    assert "| 19 | flow of participants, as a diagram | answered | Data |" in text
    assert "| 24 | accuracy with its precision | not by this page | diagnoses (not in this run) |" in text
    assert text.count("\n## ") == 3
