"""Photographs of patients, from published datasets that are not part of this repository."""

from pathlib import Path

import pytest

from lesions.serving.model import load_model
from tests.answer_page import AnswerPage
from tests.builders import HAM10000, PAD_UFES_20, needs_ham10000, needs_pad_ufes_20


@pytest.mark.parametrize(
    "dataset",
    [
        pytest.param(HAM10000, marks=needs_ham10000, id="HAM10000"),
        pytest.param(PAD_UFES_20, marks=needs_pad_ufes_20, id="PAD-UFES-20"),
    ],
)
def test_real_images_are_answered_and_shown(opened: AnswerPage, models: tuple[Path, Path], dataset: Path) -> None:
    found = sorted(path for path in dataset.rglob("*") if path.suffix in (".jpg", ".png"))[::100][:4]
    answers = load_model(models[0]).predict(found)
    opened.choose(*found)
    assert opened.status == "4 images: 4 with an answer."
    verdicts = opened.cards.locator(".verdict").all_inner_texts()
    called = [verdict.startswith("Called malignant") for verdict in verdicts]
    assert called == [answer.is_called_malignant for answer in answers]
    widths = opened.cards.locator("img").evaluate_all("all => all.map(one => one.naturalWidth)")
    assert min(widths) > 100
