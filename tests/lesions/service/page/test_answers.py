"""What the page says of an image is what the model answers."""

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Locator, expect

from lesions.serving.model import load_model
from tests.answer_page import AnswerPage, OpenPage, Serve, expect_texts, read_focus, read_rows
from tests.served import SIZE_PX, build_manifest, write_image, write_model


def box_of(place: Locator) -> dict[str, float]:
    box = place.bounding_box()
    assert box is not None
    return {"x": box["x"], "y": box["y"], "width": box["width"], "height": box["height"]}


def test_an_answer_is_that_of_the_model(opened: AnswerPage, models: tuple[Path, Path], green: Path) -> None:
    opened.choose(green)
    (answer,) = load_model(models[0]).predict([green])
    card = opened.card("green.png")
    highest = sorted(answer.probabilities.items(), key=lambda each: -each[1])
    names = {"melanoma": "Melanoma", "nevus": "Nevus", "vascular_lesion": "Vascular lesion"}
    assert read_rows(card) == [(names[name], f"{100 * value:.1f} %") for name, value in highest]
    assert answer.malignancy is not None
    assert opened.status == "green.png: Called nevus."
    expect_texts(card.locator(".headline"), ["Called nevus."])
    expect_texts(
        card.locator(".verdict"),
        [f"Not called malignant: {100 * answer.malignancy:.1f} % is below the operating point of 40.0 %."],
    )
    expect_texts(
        card.locator(".point"),
        [
            "On test images, this point had a sensitivity of 88.0 % (95 % interval 80.0 % to 93.2 %) and a "
            "specificity of 74.0 %."
        ],
    )
    assert answer.prediction_set == ("melanoma", "nevus")
    expect_texts(card.locator(".members"), ["Melanoma or nevus."])
    expect(card.locator(".meaning")).to_contain_text("90 % have their diagnosis in such a set")
    expect(card.locator(".unlike")).to_be_hidden()


def test_bars_are_as_long_as_the_probabilities(opened: AnswerPage, green: Path) -> None:
    opened.choose(green)
    card = opened.card("green.png")
    for row, (_, spelt) in zip(card.locator(".bars tbody tr").all(), read_rows(card), strict=True):
        share = float(spelt.removesuffix(" %")) / 100
        length = box_of(row.locator(".bar > span"))["width"] / box_of(row.locator(".bar"))["width"]
        assert length == pytest.approx(share, abs=0.002)
    scale, mark = box_of(card.locator(".scale")), box_of(card.locator(".mark"))
    assert (mark["x"] + mark["width"] / 2 - scale["x"]) / scale["width"] == pytest.approx(0.4, abs=0.002)


def test_malignant_classes_are_named_so_not_by_their_colour_alone(opened: AnswerPage, green: Path) -> None:
    opened.choose(green)
    rows = opened.card("green.png").locator(".bars tbody th").all_inner_texts()
    assert rows == ["Nevus", "Melanoma malignant", "Vascular lesion"]


def test_not_sure_and_not_like_the_training_images_are_said_first(opened: AnswerPage, white: Path) -> None:
    opened.choose(white)
    card = opened.card("white.png")
    expect_texts(
        card.locator(".unlike"),
        [
            "This does not look like the images it was trained on. How good the answer is, is not known. Its score "
            "0.949755 is above 0.9."
        ],
    )
    expect_texts(card.locator(".headline"), ["Not sure. Perhaps melanoma."])
    expect_texts(card.locator(".notes li"), ["The probability of melanoma, 33.3 %, is too low to say it."])
    assert opened.status == (
        "white.png: This does not look like the images it was trained on. Not sure. Perhaps melanoma."
    )
    assert box_of(card.locator(".unlike"))["y"] < box_of(card.locator(".headline"))["y"]


def test_one_answer_for_a_lesion(
    opened: AnswerPage, models: tuple[Path, Path], red: Path, green: Path, white: Path
) -> None:
    opened.page.get_by_label("All images show the same lesion").check()
    opened.choose(red)
    lesion = opened.page.locator("#lesion")
    expect(lesion).to_be_hidden()
    text = red.with_name("notes.txt")
    text.write_text("no image")
    opened.choose(green, white, text)
    answers = load_model(models[0]).predict([red, green, white])
    mean = np.mean([each.probabilities["melanoma"] for each in answers])
    assert read_rows(lesion)[0] == ("Melanoma", f"{100 * mean:.1f} %")
    expect_texts(
        lesion.locator(".notes li"),
        [
            "The mean of 3 of 4 images.",
            "Without an answer, and not counted: 1.",
            "Not like the images it was trained on, but counted: 1.",
        ],
    )
    expect(lesion.locator(".set")).to_be_hidden()
    assert opened.status == "4 images: 3 with an answer, 1 refused. The lesion: Called melanoma."
    for name in ("red.png", "white.png", "notes.txt"):
        opened.page.get_by_role("button", name=f"Remove {name}").click()
        opened.settle()
    expect(lesion).to_be_hidden()


def test_a_lesion_of_unlike_images_alone_is_said_to_be_unlike(opened: AnswerPage, white: Path) -> None:
    opened.choose(white, write_image(white.with_name("grey.png"), (240, 240, 240)))
    opened.page.get_by_label("All images show the same lesion").check()
    opened.settle()
    expect_texts(
        opened.page.locator("#lesion .unlike"),
        ["None of these images looks like the images it was trained on. How good the answer is, is not known."],
    )


def test_the_map_lies_over_what_the_model_saw(opened: AnswerPage, red: Path) -> None:
    opened.choose(red)
    card = opened.card("red.png")
    card.get_by_role("button", name="Show what speaks for melanoma").click()
    slider = card.get_by_label("Opacity of the map")
    expect(slider).to_be_focused()
    # The class's map is the red of the pixels: 100 in the corner, 200 elsewhere.
    canvas = card.locator("canvas")
    at = "(canvas, place) => [...canvas.getContext('2d').getImageData(place, place, 1, 1).data]"
    assert canvas.evaluate(at, SIZE_PX - 1) == [255, 220, 0, 255]
    assert canvas.evaluate(at, 0)[3] == 128
    assert box_of(canvas) == box_of(card.locator("img"))
    expect(card.locator("img")).to_have_js_property("naturalWidth", SIZE_PX)
    expect(canvas).to_have_css("opacity", "0.6")
    for _ in range(12):
        slider.press("ArrowLeft")
    expect(canvas).to_have_css("opacity", "0")
    expect(slider).to_have_attribute("aria-valuetext", "0 %")


def test_another_model_answers_anew_and_has_no_maps(opened: AnswerPage, green: Path) -> None:
    opened.choose(green)
    first = opened.page.locator("#model-id").inner_text()
    opened.page.get_by_label("Answer with").select_option("resnet18")
    expect(opened.page.locator("#model-id")).not_to_have_text(first)
    opened.settle()
    card = opened.card("green.png")
    assert read_rows(card)[0] == ("Nevus", "> 99.9 %")
    expect(card.locator(".explain")).to_be_hidden()
    expect_texts(
        card.locator(".point"), ["What sensitivity and specificity this point has on test images is not known."]
    )


def test_a_call_that_is_not_the_most_probable_class_is_explained(
    open_page: OpenPage, serve: Serve, tmp_path: Path, red: Path
) -> None:
    service = serve(write_model(tmp_path / "m.onnx", shift=(0, 9, 0)))
    opened = open_page(service)
    opened.choose(red)
    (note,) = opened.card("red.png").locator(".notes li").all_inner_texts()[1:]
    assert note.startswith("By its calibrated probabilities, nevus is more probable.")


def test_without_a_malignant_side_nothing_is_said_of_it(
    open_page: OpenPage, serve: Serve, tmp_path: Path, red: Path
) -> None:
    manifest = build_manifest()
    thresholds = manifest.thresholds.model_dump() | {"malignancy": None}
    service = serve(write_model(tmp_path / "m.onnx", build_manifest(thresholds=thresholds)))
    opened = open_page(service)
    opened.choose(red)
    expect(opened.card("red.png").locator(".headline")).to_be_visible()
    expect(opened.card("red.png").locator(".malignancy")).to_be_hidden()


def test_the_model_card_is_one_click_away(opened: AnswerPage) -> None:
    opened.page.get_by_role("button", name="Model card").click()
    dialog = opened.page.get_by_role("dialog", name="Model card")
    assert read_focus(opened.page) == "card-heading"
    expect(dialog.get_by_role("heading", name="Intended use")).to_be_visible()
    expect(dialog).to_contain_text("Research; no diagnosis.")
    expect(dialog).to_contain_text("Not a medical device")
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()
    assert read_focus(opened.page) == "open-card"
