"""What goes wrong is said on the page, and mended from it."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.answer_page import AnswerPage, OpenPage, Serve, expect_texts, read_focus
from tests.services import build_body

KNOWN = "the-right-one-for-this-test"
MAX_BYTES = 1_000_000
"""What the service of these tests takes."""


def test_a_file_that_is_no_image_is_refused_and_stops_no_other(opened: AnswerPage, red: Path) -> None:
    text = red.with_name("notes.txt")
    text.write_text("no image")
    broken = red.with_name("broken.png")
    broken.write_bytes(red.read_bytes()[:-30])
    opened.choose(text, broken, red)
    for name in ("notes.txt", "broken.png"):
        box = opened.card(name).locator(".warning")
        expect(box).to_contain_text(re.compile(r"Refused: \w{3}"))
        expect(box.get_by_role("button")).to_have_count(0)
    assert opened.status == "3 images: 1 with an answer, 2 refused."


def test_an_image_of_too_many_pixels_is_refused(opened: AnswerPage, tmp_path: Path) -> None:
    path = tmp_path / "large.png"
    Image.new("L", (2500, 2000)).save(path)
    opened.choose(path)
    expect(opened.card("large.png").locator(".warning")).to_contain_text("megapixels")


@pytest.mark.parametrize("num_bytes", [MAX_BYTES + 1, MAX_BYTES - 10])
def test_a_file_that_is_too_large_is_refused(opened: AnswerPage, tmp_path: Path, num_bytes: int) -> None:
    path = tmp_path / "large.jpg"
    path.write_bytes(np.random.default_rng(0).bytes(num_bytes))
    opened.choose(path)
    # The page knows the limit; what is around a file in a request makes the second too large for the server alone.
    reason = (
        "It has 1 MB, and this server takes 1 MB at most."
        if num_bytes > MAX_BYTES
        else "the request has more than 1,000,000 bytes"
    )
    expect_texts(opened.card("large.jpg").locator(".warning"), [f"Refused: {reason}"])
    assert opened.count_asked("/predict") == (num_bytes < MAX_BYTES)


def test_a_lesion_of_too_many_images_is_refused_and_they_are_answered(opened: AnswerPage, red: Path) -> None:
    opened.page.get_by_label("All images show the same lesion").check()
    opened.choose(*[red] * 5)
    expect_texts(
        opened.page.locator("#lesion .warning"),
        ["Refused: There are 5 images, and this server takes 4 at most."],
    )
    expect(opened.cards.locator(".headline")).to_have_count(5)


def test_a_server_that_is_gone_is_asked_again_when_it_is_back(
    open_page: OpenPage, serve: Serve, red: Path, green: Path
) -> None:
    other = serve()
    opened = open_page(other)
    opened.choose(red)
    other.stop()
    opened.choose(green)
    box = opened.card("green.png").locator(".warning")
    expect(box).to_contain_text("No answer: The server cannot be reached.")
    opened.card("red.png").locator(".explain").click()
    expect(opened.card("red.png").locator("figcaption")).to_contain_text("No map: The server cannot be reached.")
    serve(options=("--port", str(other.address[1])))
    box.get_by_role("button", name="Try again").click()
    opened.settle()
    assert opened.status == "2 images: 2 with an answer."
    assert read_focus(opened.page) == "image-2"
    opened.card("red.png").locator(".explain").click()
    expect(opened.card("red.png").locator("canvas")).to_be_visible()


def test_a_lesion_is_asked_about_again(open_page: OpenPage, serve: Serve, red: Path, green: Path) -> None:
    other = serve()
    opened = open_page(other)
    opened.choose(red, green)
    other.stop()
    opened.page.get_by_label("All images show the same lesion").check()
    opened.settle()
    serve(options=("--port", str(other.address[1])))
    opened.page.locator("#lesion").get_by_role("button", name="Try again").click()
    opened.settle()
    expect_texts(opened.page.locator("#lesion .headline"), ["Called melanoma."])
    assert read_focus(opened.page) == "lesion-heading"


def test_a_model_that_is_not_told_is_asked_for_again(opened: AnswerPage) -> None:
    opened.page.route("**/model", lambda route: route.abort())
    opened.page.reload()
    problem = opened.page.locator("#problem")
    expect(problem).to_contain_text("The server cannot be reached.")
    opened.page.unroute("**/model")
    problem.get_by_role("button", name="Try again").click()
    expect(problem).to_be_hidden()
    expect(opened.page.locator("#model")).to_be_visible()


def test_a_busy_server_is_asked_again(open_page: OpenPage, serve: Serve, red: Path) -> None:
    service = serve(options=("--max-waiting", "1", "--max-files", "1"))
    opened = open_page(service)
    body = build_body(("red.png", red.read_bytes()))
    begun = service.begin(body, 100)
    opened.page.set_input_files("#files", red)
    expect(opened.page.locator("#status")).to_contain_text("The server is busy.")
    assert begun.finish().status == 200
    begun.close()
    opened.settle()
    assert opened.status == "red.png: Called melanoma."


def test_a_token_is_asked_for_and_held_in_memory_alone(open_page: OpenPage, serve: Serve, red: Path) -> None:
    service = serve(token=KNOWN)
    opened = open_page(service)
    field = opened.page.get_by_label("This server asks for its access token")
    expect(field).to_be_focused()
    opened.page.set_input_files("#files", red)
    field.fill("a wrong one")
    field.press("Enter")
    expect(opened.page.locator("#token-reason")).to_contain_text("token")
    expect(field).to_have_value("")
    field.fill(KNOWN)
    field.press("Enter")
    expect(opened.card("red.png").locator(".headline")).to_have_text("Called melanoma.")
    expect(field).to_be_hidden()
    assert not any(KNOWN in url for url in opened.requested)
    opened.page.reload()
    expect(field).to_be_visible()


def test_a_file_that_is_gone_since_it_was_chosen_is_refused(open_page: OpenPage, serve: Serve, red: Path) -> None:
    service = serve(token=KNOWN)
    opened = open_page(service)
    opened.page.set_input_files("#files", red)
    red.unlink()
    opened.page.locator("#token").fill(KNOWN)
    opened.page.locator("#token").press("Enter")
    expect(opened.card("red.png").locator(".warning")).to_contain_text("Refused: It cannot be read here.")
