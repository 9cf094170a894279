"""Draw parts of a report page as one picture: python -m docs.draw_report report/index.html PICTURE.

It needs Chromium, for which Debian has a package; Playwright drives it.
"""

import io
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"
WIDTH_PX = 1000
COLOURS = 128
MARGIN_PX = 16


def main(report: Path, picture: Path) -> None:
    """Save the page from its title to its table of diagnoses, then the missed melanomas and a row of pictures."""
    with sync_playwright() as playwright:
        # A container does not allow the sandbox; the browser opens only the pipeline's own page.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH_PX, "height": 1000}, color_scheme="light")
        page.goto(report.resolve().as_uri())
        drawn = Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB")
        parts = [drawn.crop((0, top, WIDTH_PX, bottom)) for top, bottom in list_parts(page)]
        browser.close()
    picture.parent.mkdir(parents=True, exist_ok=True)
    stack_pictures(parts).quantize(COLOURS).save(picture, optimize=True)  # a fraction of the bytes of all colours


def list_parts(page: Page) -> list[tuple[int, int]]:
    """Return the first and last row of pixels of each part of the page that is shown."""
    _, end_of_diagnoses = find_rows(page, "#diagnoses table >> nth=0")
    start_of_missed, _ = find_rows(page, "#missed")
    _, end_of_photos = find_rows(page, "#missed .photos >> nth=0")
    start_of_pictures, end_of_pictures = find_rows(page, "#subgroups .pictures >> nth=0")
    return [
        (0, end_of_diagnoses + MARGIN_PX),
        (start_of_missed, end_of_photos + MARGIN_PX),
        (start_of_pictures, end_of_pictures + MARGIN_PX),
    ]


def find_rows(page: Page, selector: str) -> tuple[int, int]:
    """Return the first and last row of pixels of an element."""
    box = page.locator(selector).bounding_box()
    assert box, selector
    return round(box["y"]), round(box["y"] + box["height"])


def stack_pictures(parts: list[Image.Image]) -> Image.Image:
    """Return one picture with several pictures of the same width below each other."""
    whole = Image.new("RGB", (WIDTH_PX, sum(part.height for part in parts)))
    top = 0
    for part in parts:
        whole.paste(part, (0, top))
        top += part.height
    return whole


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
