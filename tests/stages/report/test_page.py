"""The report in a browser describes good, bad and odd predictions, and needs no other file and no network."""

import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from tests.builders import needs_chromium
from tests.pages import MIDDLING, Y_TRUE, read, report_of
from tests.repository import Repository
from tests.runs import build_predictions, guess, run_compare, run_report, write_run


@needs_chromium
def test_perfect_predictions_win_and_give_a_warning(page: Page, tmp_path: Path) -> None:
    path = report_of(tmp_path, perfect=10 * np.eye(3)[Y_TRUE], middling=MIDDLING)
    verdict, warnings, scores = read(page, path)
    assert verdict.startswith(
        "perfect is the best of 2 models on validation (balanced accuracy 1.000), and has 1.000 on"
    )
    assert re.search(r"perfect is better than middling by 0\.\d{3} balanced accuracy \(95 % interval 0\.", verdict)
    assert scores["perfect"] == ["1.000"] * 7
    assert [warning for warning in warnings if "perfect classifies every test image correctly" in warning]
    assert "perfect classifies all 90 test images correctly." in page.content()


@needs_chromium
def test_chance_is_not_better_than_the_class_prior(page: Page, tmp_path: Path) -> None:
    verdict, warnings, _ = read(page, report_of(tmp_path, chance=guess(Y_TRUE, 0, seed=3), middling=MIDDLING))
    assert "middling is better than chance by" in verdict
    prior = "always predicting the class frequencies"
    assert (
        len([text for text in warnings if text.startswith(f"chance is not significantly better than {prior}")]) == 1
    )
    assert not [text for text in warnings if text.startswith("middling is not significantly better")]


@needs_chromium
def test_a_constant_prediction_has_learnt_nothing(page: Page, tmp_path: Path) -> None:
    constant = np.tile([0.0, 3.0, 0.0], (len(Y_TRUE), 1))
    verdict, warnings, scores = read(page, report_of(tmp_path, constant=constant, middling=MIDDLING))
    assert "middling is better than constant by" in verdict
    assert "constant predicts nevus for every test image: it has learnt nothing useful." in warnings
    # The accuracy and the balanced accuracy are a third, and the ROC AUC of a ranking of ties is a half.
    assert [scores["constant"][column] for column in (0, 1, 4)] == ["0.333", "0.333", "0.500"]


@needs_chromium
def test_a_class_without_test_images_gives_a_warning(page: Page, tmp_path: Path) -> None:
    y_true = np.where(Y_TRUE == 2, 1, Y_TRUE)
    verdict, warnings, scores = read(page, report_of(tmp_path, y_true, sure=9 * np.eye(3)[y_true], middling=MIDDLING))
    assert "sure is better than middling by" in verdict
    assert "No test image has the diagnosis vascular lesion: no score on this page covers it." in warnings
    assert scores["sure"] == ["1.000"] * 7
    headings = page.locator(".pictures img").evaluate_all("images => images.map(image => image.naturalWidth > 100)")
    assert headings
    assert all(headings)


@needs_chromium
def test_a_class_that_is_never_predicted_gives_a_warning(page: Page, tmp_path: Path) -> None:
    never = MIDDLING - [0, 0, 50]
    _, warnings, _ = read(page, report_of(tmp_path, never=never))
    assert "The test images include vascular lesion, which never never predicts." in warnings


@needs_chromium
def test_identical_predictions_are_reported_as_such(page: Page, tmp_path: Path) -> None:
    verdict, warnings, scores = read(page, report_of(tmp_path, first=MIDDLING, second=MIDDLING))
    assert "first and second have the same balanced accuracy in every resample of the test images." in verdict
    assert "second and first have the same predictions: they may be one model under two names." in warnings
    assert scores["first"] == scores["second"]


@needs_chromium
def test_good_predictions_of_enough_patients_give_no_warning(page: Page, tmp_path: Path) -> None:
    verdict, warnings, _ = read(page, report_of(tmp_path, good=guess(Y_TRUE, 3)))
    assert "good is better than always predicting the class frequencies by" in verdict
    assert warnings == []


@needs_chromium
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1200])
def test_the_report_contacts_no_host_and_fits_the_screen(
    browser: Browser, tiny: Repository, width: int, scheme: str
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme="dark" if scheme == "dark" else "light"
    )
    page = context.new_page()
    complaints: list[str] = []
    requests: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    path = tiny.root / "report/index.html"
    page.goto(path.as_uri())
    assert complaints == []
    assert [url for url in requests if not url.startswith("data:")] == [path.as_uri()]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("img").evaluate_all("images => images.every(image => image.naturalWidth > 0)")
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    brightness = sum(map(int, re.findall(r"\d+", background)))
    assert brightness > 600 if scheme == "light" else brightness < 120
    context.close()


@needs_chromium
def test_the_report_prints_on_few_pages(browser: Browser, tiny: Repository) -> None:
    page = browser.new_page()
    page.goto((tiny.root / "report/index.html").as_uri())
    printed = page.pdf(format="A4")
    assert 2 <= len(re.findall(rb"/Type\s*/Page\b", printed)) <= 24
    page.close()


def test_content_from_the_run_is_escaped_and_no_path_is_shown(tmp_path: Path) -> None:
    params = write_run(tmp_path, {"a": build_predictions(Y_TRUE, MIDDLING)})
    run_compare(tmp_path, params)
    mistakes = tmp_path / "data/pictures/a/mistakes.json"
    mistakes.write_text(mistakes.read_text().replace("melanoma", "<script>alert(1)</script>"))
    page = run_report(tmp_path, params)
    text = page.read_text(encoding="utf-8")
    assert "&lt;script&gt;" in text
    scripts = re.findall(r"<script(.*?)>(.*?)</script>", text, re.DOTALL)
    assert [attributes for attributes, _ in scripts] == [' type="application/json" id="panel-data"', ""]
    # The browser runs no script but this one.
    (allowed,) = re.findall(r"script-src ([^;\"]*)", text)
    assert allowed == f"'sha256-{b64encode(sha256(scripts[1][1].encode()).digest()).decode()}'"
    assert "weights.pth" in text
    assert "/home/someone" not in text


@pytest.mark.slow
def test_the_same_run_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        report_of(tmp_path / name, a=MIDDLING, b=guess(Y_TRUE, 1, seed=5))
    pages = [(tmp_path / name / "report/index.html").read_bytes() for name in ("first", "second")]
    assert pages[0] == pages[1]
