"""Images come by every way that a person has, and go again."""

from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.answer_page import AnswerPage, OpenPage, expect_texts, read_focus
from tests.served import SIZE_PX


def names_of(opened: AnswerPage) -> list[str]:
    return opened.page.locator("#cards h3").all_inner_texts()


def test_chosen_images_are_side_by_side_in_their_order(
    opened: AnswerPage, red: Path, green: Path, white: Path
) -> None:
    opened.choose(red, green, white)
    assert names_of(opened) == ["red.png", "green.png", "white.png"]
    tops = [card.bounding_box() for card in opened.cards.all()]
    assert len({box["y"] for box in tops if box}) == 1
    assert opened.status == "3 images: 3 with an answer."
    assert opened.count_asked("/predict") == 3


@pytest.mark.parametrize("kind", ["drop", "paste"])
def test_images_are_dropped_and_pasted(opened: AnswerPage, red: Path, green: Path, kind: str) -> None:
    assert not opened.send(kind, red, green) or kind == "paste"
    opened.settle()
    assert names_of(opened) == ["red.png", "green.png"]
    assert opened.status == "2 images: 2 with an answer."


@pytest.mark.parametrize("kind", ["drop", "paste"])
def test_what_holds_no_file_is_said(opened: AnswerPage, kind: str) -> None:
    opened.send(kind)
    assert opened.status == "There is no image file in what was dropped or pasted."
    assert names_of(opened) == []


def test_dropping_is_shown_and_opens_nothing(opened: AnswerPage) -> None:
    assert not opened.send("dragover")
    expect(opened.page.locator("body")).to_have_class("dropping")
    opened.send("dragleave")
    expect(opened.page.locator("body")).to_have_class("")


def test_a_phone_takes_a_photograph(open_page: OpenPage, red: Path) -> None:
    phone = open_page(has_touch=True, is_mobile=True, viewport={"width": 390, "height": 844})
    camera = phone.page.get_by_label("Take a photograph")
    expect(phone.page.locator(".camera")).to_be_visible()
    assert camera.get_attribute("capture") == "environment"
    camera.set_input_files(red)
    phone.settle()
    assert phone.status == "red.png: Called melanoma."


def test_without_a_touch_screen_there_is_no_photograph(opened: AnswerPage) -> None:
    expect(opened.page.locator(".camera")).to_be_hidden()


def test_images_of_the_same_name_are_told_apart(opened: AnswerPage, red: Path) -> None:
    opened.choose(red)
    opened.choose(red)
    assert names_of(opened) == ["red.png", "red.png (2)"]


def test_an_image_is_removed_and_the_focus_goes_to_the_next(opened: AnswerPage, red: Path, green: Path) -> None:
    opened.choose(red, green)
    opened.page.get_by_role("button", name="Remove red.png").click()
    assert (names_of(opened), read_focus(opened.page)) == (["green.png"], "image-2")
    opened.page.get_by_role("button", name="Remove green.png").click()
    assert (names_of(opened), read_focus(opened.page)) == ([], "files")
    expect(opened.page.locator("#answers")).to_be_hidden()


def test_all_images_are_removed(opened: AnswerPage, red: Path, green: Path) -> None:
    opened.choose(red, green)
    opened.page.get_by_role("button", name="Remove all images").click()
    assert (names_of(opened), read_focus(opened.page), opened.status) == ([], "files", "")


def test_the_card_shows_what_was_chosen(opened: AnswerPage, red: Path) -> None:
    opened.choose(red)
    picture = opened.cards.locator("img")
    expect(picture).to_have_js_property("naturalWidth", 24)
    expect(picture).to_have_attribute("alt", "Preview of red.png")


def test_what_the_browser_cannot_show_is_shown_as_the_model_sees_it(opened: AnswerPage, red: Path) -> None:
    tiff = red.with_suffix(".tif")
    Image.open(red).save(tiff)
    opened.choose(tiff)
    expect(opened.cards.locator("img")).to_have_js_property("naturalWidth", SIZE_PX)
    expect_texts(opened.cards.locator("figcaption"), ["What the model sees of the image, in its resolution."])


def test_a_page_that_is_left_forgets_its_images(opened: AnswerPage, red: Path) -> None:
    opened.choose(red)
    opened.page.evaluate("window.dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))")
    assert names_of(opened) == []
    opened.page.reload()
    assert names_of(opened) == []
