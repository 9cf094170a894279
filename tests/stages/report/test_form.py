"""The page fits every screen, links its contents, and axe-core finds nothing in it."""

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from tests.builders import needs_chromium, slow
from tests.pages import MIDDLING, Y_TRUE, report_of
from tests.runs import guess

RIGHT_EDGES = """() => [...document.querySelectorAll('th, td, p, li, h1, h2, h3, figure, dd, pre')]
    .filter(element => element.checkVisibility() && !element.closest('.scroll'))
    .map(element => element.getBoundingClientRect().right)"""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return report_of(tmp_path_factory.mktemp("run"), resnet18=MIDDLING, custom_cnn=guess(Y_TRUE, 1, 4))


@needs_chromium
@pytest.mark.parametrize(
    ("width", "scheme"),
    [
        (390, "light"),
        (1280, "dark"),
        slow(390, "dark"),
        slow(1280, "light"),
    ],
)
def test_axe_finds_nothing(browser: Browser, written: Path, width: int, scheme: str) -> None:
    # The page's own policy keeps axe-core's script out.
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if scheme == "dark" else "light",
        bypass_csp=True,
    )
    page = context.new_page()
    page.goto(written.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    found = Axe().run(page).response
    assert len(found["passes"]) > 20
    assert [(one["id"], one["nodes"][0]["target"], one["help"]) for one in found["violations"]] == []
    context.close()


@needs_chromium
@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_nothing_is_cut_off_at_any_width(browser: Browser, written: Path, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto(written.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    edges = page.evaluate(RIGHT_EDGES)
    assert len(edges) > 400
    assert max(edges) <= width + 0.5
    page.close()


@needs_chromium
@pytest.mark.parametrize("width", [320, 390])
def test_no_cell_of_a_table_is_hidden_on_a_phone(browser: Browser, written: Path, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800})
    page.goto(written.as_uri())
    edges = page.locator("td, tbody th").evaluate_all(
        "cells => cells.map(cell => cell.getBoundingClientRect().right)"
    )
    assert len(edges) > 50
    assert max(edges) <= width
    verdicts = page.locator("#differences td[data-name=verdict]").all_inner_texts()
    assert set(verdicts) <= {"significant", "not significant"}
    page.close()


@needs_chromium
@pytest.mark.parametrize(("width", "columns"), [(390, 1), (768, 2), (1280, 2)])
def test_pictures_of_a_kind_are_beside_each_other(browser: Browser, written: Path, width: int, columns: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto(written.as_uri())
    pairs = page.locator("#calibration .pictures, #subgroups .pictures, #training .pictures").all()
    assert len(pairs) == 5
    for pair in pairs:
        boxes = [figure.bounding_box() for figure in pair.locator("figure").all()]
        headings = [heading.split(", ")[-1].split(" of ")[-1] for heading in pair.locator("h3").all_inner_texts()]
        assert sorted(headings) == ["Custom CNN", "ResNet-18"]
        assert len({round(box["y"]) for box in boxes if box}) == 3 - columns
    page.close()


@needs_chromium
def test_every_section_is_in_the_contents(browser: Browser, written: Path) -> None:
    page = browser.new_page()
    page.goto(written.as_uri())
    links = page.locator("nav a").evaluate_all("links => links.map(link => [link.hash, link.textContent])")
    sections = page.locator("main > section").evaluate_all(
        "all => all.map(one => ['#' + one.id, one.querySelector('h2').textContent])"
    )
    assert links == sections
    assert [link for link, _ in links][:4] == ["#answer", "#diagnoses", "#missed", "#comparison"]
    page.close()


def test_models_have_readable_names_and_each_code_name_once(written: Path) -> None:
    text = written.read_text(encoding="utf-8").split('id="provenance"')[0]
    assert text.count("<code>resnet18</code>") == text.count("<code>custom_cnn</code>") == 1
    assert text.count("ResNet-18") > 20


def test_every_picture_says_what_is_seen(written: Path) -> None:
    alts = [part.split('"')[0] for part in written.read_text(encoding="utf-8").split('alt="')[1:]]
    assert len(alts) > 15
    assert min(map(len, alts)) > 35


def test_the_page_of_two_models_is_small(written: Path) -> None:
    assert written.stat().st_size < 1_000_000
