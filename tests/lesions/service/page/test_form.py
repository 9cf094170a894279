"""The page is for everybody: keyboard, screen reader, phone, dark mode, large text; axe-core finds nothing in it."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.answer_page import AnswerPage, OpenPage, Serve, read_focus
from tests.builders import slow

RIGHT_EDGES = """() => [...document.querySelectorAll('h1, h2, h3, h4, p, li, th, td, button, label, img, input')]
    .filter(element => element.checkVisibility() && !element.closest('.scroll'))
    .map(element => element.getBoundingClientRect().right)"""

CUT_TEXTS = """() => [...document.querySelectorAll('h1, h2, h3, h4, p, li, th, td, button, label')]
    .filter(element => element.checkVisibility() && element.scrollWidth > element.clientWidth + 1
        && getComputedStyle(element).display !== 'inline')
    .map(element => element.outerHTML.slice(0, 120))"""


def show_answers(opened: AnswerPage, *files: Path) -> None:
    """Fill the page: an answer of each kind, a refusal, a lesion and a map."""
    opened.page.get_by_label("All images show the same lesion").check()
    opened.choose(*files)
    opened.cards.first.locator(".explain").click()
    expect(opened.cards.first.locator("canvas")).to_be_visible()


@pytest.fixture
def files(red: Path, green: Path, white: Path) -> tuple[Path, ...]:
    text = red.with_name("a-text-with-a-very-long-name-that-has-nowhere-to-break-2026-11-29T08-00-00.txt")
    text.write_text("no image")
    return red, green, white, text


def nothing(_: AnswerPage, *__: Path) -> None:
    """Leave the page as it opens."""


def open_card(opened: AnswerPage, *_: Path) -> None:
    """Open the model card."""
    opened.page.locator("#open-card").click()


@pytest.mark.parametrize(
    ("width", "scheme"),
    [
        (390, "light"),
        (1280, "dark"),
        slow(390, "dark"),
        slow(1280, "light"),
    ],
)
@pytest.mark.parametrize("show", [nothing, show_answers, open_card])
def test_axe_finds_nothing(
    open_page: OpenPage, files: tuple[Path, ...], width: int, scheme: str, show: Callable[..., None]
) -> None:
    # The page's own policy keeps axe-core's script out.
    opened = open_page(viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True)
    show(opened, *files)
    assert find_violations(opened) == []


def test_axe_finds_nothing_where_a_token_is_asked_for(open_page: OpenPage, serve: Serve) -> None:
    opened = open_page(serve(token="x" * 32), bypass_csp=True)
    opened.page.locator("#token").fill("a-wrong-one")
    opened.page.locator("#token").press("Enter")
    expect(opened.page.locator("#token-reason")).not_to_be_empty()
    assert find_violations(opened) == []


def find_violations(opened: AnswerPage) -> list[Any]:
    found = Axe().run(opened.page).response
    assert len(found["passes"]) > 15
    return [(one["id"], one["nodes"][0]["target"], one["help"]) for one in found["violations"]]


# 640 px is what 1280 px are at 200 % zoom, 320 px at 400 %.
@pytest.mark.parametrize(("width", "height"), [(320, 568), (390, 844), (640, 360), (1280, 720)])
def test_nothing_is_cut_and_the_disclaimer_is_always_there(
    open_page: OpenPage, files: tuple[Path, ...], width: int, height: int
) -> None:
    opened = open_page(viewport={"width": width, "height": height})
    show_answers(opened, *files)
    edges = opened.page.evaluate(RIGHT_EDGES)
    assert len(edges) > 60
    assert max(edges) <= width + 0.5
    assert opened.page.evaluate(CUT_TEXTS) == []
    disclaimer = opened.page.get_by_text("Not a medical device, and no diagnosis:")
    for place in (0, 0.5, 1):
        opened.page.evaluate(f"scrollTo(0, {place} * document.body.scrollHeight)")
        expect(disclaimer).to_be_in_viewport(ratio=1)
    open_card(opened)
    expect(opened.page.locator("#card-top").get_by_text("Not a medical device")).to_be_in_viewport(ratio=1)


def test_the_page_works_by_keyboard_alone(opened: AnswerPage, red: Path, green: Path) -> None:
    keyboard = opened.page.keyboard
    # Playwright takes file choosers over while somebody listens, which may begin too late just before a key.
    opened.page.on("filechooser", lambda _: None)

    def go_to(name: str) -> None:
        for _ in range(20):
            keyboard.press("Tab")
            if name in read_focus(opened.page):
                return
        pytest.fail(f"the keyboard does not reach {name}")

    go_to("open-card")
    keyboard.press("Enter")
    assert read_focus(opened.page) == "card-heading"
    keyboard.press("Escape")
    expect(opened.page.locator("#card-dialog")).to_be_hidden()
    assert read_focus(opened.page) == "open-card"
    go_to("files")
    for key, file in (("Enter", red), ("Space", green)):
        with opened.page.expect_file_chooser() as chooser:
            keyboard.press(key)
        chooser.value.set_files(file)
    opened.settle()
    go_to("one-lesion")
    keyboard.press("Space")
    opened.settle()
    expect(opened.page.locator("#lesion")).to_be_visible()
    go_to("Show what speaks for melanoma")
    keyboard.press("Enter")
    slider = opened.card("red.png").get_by_label("Opacity of the map")
    expect(slider).to_be_focused()
    keyboard.press("End")
    expect(opened.card("red.png").locator("canvas")).to_have_css("opacity", "1")
    go_to("Remove")
    keyboard.press("Space")
    assert opened.page.locator("#cards h3").all_inner_texts() == ["red.png"]


def test_what_has_the_focus_is_seen(opened: AnswerPage) -> None:
    outlined = {"model-select": "#model-select", "open-card": "#open-card", "files": ".button:has(#files)"}
    for focused, place in outlined.items():
        opened.page.keyboard.press("Tab")
        assert read_focus(opened.page) == focused
        assert opened.page.locator(place).evaluate("one => getComputedStyle(one).outlineStyle") == "solid"


def test_headings_are_in_order(opened: AnswerPage, red: Path, white: Path) -> None:
    opened.choose(red, white)
    levels = opened.page.locator(":is(h1, h2, h3, h4):visible").evaluate_all("all => all.map(one => +one.tagName[1])")
    assert levels[:4] == [1, 2, 2, 3]
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_nothing_moves(opened: AnswerPage, red: Path) -> None:
    opened.choose(red)
    assert opened.page.evaluate("document.getAnimations().length") == 0


def test_dark_mode_is_dark(open_page: OpenPage) -> None:
    colours = {
        scheme: open_page(color_scheme=scheme).page.evaluate("getComputedStyle(document.body).backgroundColor")
        for scheme in ("light", "dark")
    }
    assert colours == {"light": "rgb(255, 255, 255)", "dark": "rgb(21, 23, 26)"}


def test_without_scripts_the_page_says_what_it_needs(open_page: OpenPage) -> None:
    opened = open_page()
    context = opened.context.browser.new_context(java_script_enabled=False)  # type: ignore[union-attr]
    page = context.new_page()
    page.goto(opened.origin)
    expect(page.get_by_text("This page needs JavaScript")).to_be_visible()
    context.close()
