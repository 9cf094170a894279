"""The page moves the threshold and filters mistakes by itself, and is complete without its script."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from lesions.evaluation.decisions import merge_sides
from lesions.formats.json_file import read_json, write_json, write_plot_rows
from lesions.parameters.overlay import lay_over
from lesions.parameters.section import read_parameters
from tests.builders import needs_chromium
from tests.pages import MIDDLING, Y_TRUE, report_of
from tests.runs import build_predictions, guess, run_compare, run_report, write_run

TEST = build_predictions(Y_TRUE, MIDDLING)
MALIGNANT = Y_TRUE == 0


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of one model, which tests only read."""
    return report_of(tmp_path_factory.mktemp("run"), a=MIDDLING)


def number(page: Page, name: str) -> float:
    return float(page.locator(f"#panel-{name}").inner_text())


def slide(page: Page, log_odds: float) -> None:
    page.locator("#panel-threshold").evaluate(
        "(slider, value) => { slider.value = value; slider.dispatchEvent(new Event('input')) }", log_odds
    )


@needs_chromium
def test_at_first_the_panel_says_what_the_tables_say(page: Page, tmp_path: Path) -> None:
    page.goto(report_of(tmp_path, a=MIDDLING, b=guess(Y_TRUE, 3)).as_uri())
    for position, name in enumerate(("b", "a")):
        page.locator("#panel-model").select_option(str(position))
        row = next(
            row
            for row in read_json(tmp_path / f"plots/{name}/decisions.json")
            if (row["rule"], row["unit"]) == ("threshold", "image")
        )
        counts = ("num_true_positive", "num_false_negative", "num_false_positive", "num_true_negative")
        assert [number(page, cell) for cell in ("tp", "fn", "fp", "tn")] == [row[count] for count in counts]
        assert number(page, "sensitivity") == pytest.approx(row["sensitivity"], abs=5e-4)
        assert number(page, "ppv") == pytest.approx(row["ppv"], abs=5e-4)
        (at_2_percent,) = (
            each["value"]
            for each in read_json(tmp_path / f"plots/{name}/predictive_values.json")
            if (each["score"], each["prevalence"]) == ("ppv", 0.02)
        )
        assert number(page, "ppv-0") == pytest.approx(at_2_percent, abs=5e-4)


@needs_chromium
def test_the_slider_moves_the_threshold(page: Page, written: Path) -> None:
    page.goto(written.as_uri())
    probability = merge_sides(TEST, (True, False, False)).y_prob[:, 1]
    for log_odds in (-1.0, 0.0, 1.5):
        slide(page, log_odds)
        called = probability >= 1 / (1 + np.exp(-log_odds))
        assert number(page, "tp") == (called & MALIGNANT).sum()
        assert number(page, "specificity") == pytest.approx((~called)[~MALIGNANT].mean(), abs=5e-4)
    slide(page, -12)
    assert [number(page, name) for name in ("fn", "tn")] == [0, 0]
    rows = page.locator("#panel-classes tr").all_inner_texts()
    assert rows[0].split("\t") == ["melanoma", "30", "30", "0"]
    slide(page, 12)
    assert number(page, "tp") == 0
    assert page.locator("#panel-ppv").inner_text() == "–"
    page.locator("#panel-reset").click()
    assert number(page, "tp") > 25


@needs_chromium
def test_mistakes_are_filtered_by_class_and_probability(page: Page, written: Path) -> None:
    shown = page.locator("#mistakes figure[data-true]:visible")
    page.goto(written.as_uri())
    assert (shown.count(), page.locator("#filter-shown").inner_text()) == (1, "1 of 1 shown")
    page.locator("#filter-true").select_option("melanoma")
    assert (shown.count(), page.locator("#filter-shown").inner_text()) == (0, "0 of 1 shown")
    page.locator("#filter-true").select_option("nevus")
    page.locator("#filter-called").select_option("melanoma")
    assert shown.count() == 1
    page.locator("#filter-least").fill("0.95")
    assert shown.count() == 0
    # The missed melanomas are above, and stay.
    assert page.locator("#missed figure:visible").count() == 1


@needs_chromium
def test_without_scripts_the_page_has_all_but_the_controls(browser: Browser, written: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(written.as_uri())
    assert page.locator("#diagnoses tbody tr:visible").count() > 5
    assert page.locator("#mistakes figure:visible").count() > 1
    assert page.locator("#panel:visible, #filters:visible").count() == 0
    context.close()


def test_the_page_has_no_identifier_and_no_order_of_images(written: Path) -> None:
    text = written.read_text(encoding="utf-8")
    assert not any(name in text for name in TEST.images.image_id)
    data = json.loads(text.split('id="panel-data">')[1].split("</script>")[0])
    assert all(values == sorted(values) for values in data["models"][0]["values"])


@pytest.fixture
def run(tmp_path: Path) -> tuple[Path, Path]:
    """The folder of a run of one model up to `compare`, and its parameter file."""
    params = write_run(tmp_path, {"a": TEST})
    run_compare(tmp_path, params)
    return tmp_path, params


def test_without_robustness_and_maps_there_is_no_trace_of_them(written: Path) -> None:
    text = written.read_text()
    assert 'id="robustness"' not in text
    assert 'class="pair"' not in text
    checklist = (written.parent / "checklist.md").read_text()
    assert "| 30 | robustness | not by this page |" in checklist
    assert "| 31 | explainability | not by this page |" in checklist
    assert "It was not tried on altered images." in (written.parent / "cards/a.md").read_text()


def test_robustness_is_a_section_with_the_largest_loss(run: tuple[Path, Path]) -> None:
    rows = [
        {"corruption": name, "strength": strength, "setting": f"{strength} px", "metric": metric, "value": 0.7}
        | {"difference": -0.01 * strength * cost, "low": None if name == "jpeg" else -0.2}
        | {"high": None if name == "jpeg" else 0.1}
        for name, cost in (("blur", 3), ("jpeg", 1))
        for metric in ("balanced_accuracy", "sensitivity")
        for strength in range(1, 6)
    ]
    write_plot_rows(run[0] / "plots/a/robustness.json", rows)
    worst = {"balanced_accuracy": (-0.15, -0.25, 0.15), "sensitivity": (-0.15, None, None)}
    bounds = ("", "_low", "_high")
    changes = {
        f"worst_{metric}_difference{bound}": value
        for metric, values in worst.items()
        for bound, value in zip(bounds, values, strict=True)
    }
    write_json(run[0] / "metrics/a/robustness.json", changes)
    text = run_report(*run).read_text()
    assert '<a href="#robustness">' in text
    sentence = (
        "a loses most balanced accuracy with blur (5 px), the worst of 10 conditions: −0.150 (−0.250 to 0.150); most "
        "sensitivity with blur (5 px), the worst of 10 conditions: −0.150 (95 % interval not known). An "
        "interval here allows for the choice of the worst."
    )
    assert sentence in text
    assert "| 30 | robustness | answered | Robustness |" in (run[0] / "report/checklist.md").read_text()
    assert sentence in (run[0] / "report/cards/a.md").read_text()


def test_a_map_is_beside_its_mistake(run: tuple[Path, Path]) -> None:
    maps, pictures = run[0] / "data/maps/a", run[0] / "data/pictures/a"
    shutil.copytree(pictures, maps)
    (first, *_) = [one["picture"] for one in read_json(pictures / "mistakes.json")]
    write_json(maps / "found.json", [{"picture": first, "map": first, "row": 7, "probability": 0.9}])
    gains = {f"{name}{end}": 0.2 for name in ("deletion", "insertion") for end in ("", "_low", "_high")}
    about = {"method": "Grad-CAM maps", "means_something": True, "num_images": 30, "rim_share": 0.5, "rim_area": 0.36}
    write_json(run[0] / "metrics/a/explain.json", gains | about)
    text = run_report(*run).read_text()
    assert text.count('class="pair"') == 3
    assert "The Grad-CAM maps name the places that decide better than shuffled maps do" in text
    assert "Melanoma that a finds: 1 shown" in text
    assert "| 31 | explainability | answered |" in (run[0] / "report/checklist.md").read_text()


def test_page_and_card_say_that_every_image_is_called_malignant(run: tuple[Path, Path]) -> None:
    lay_over(run[1], {"evaluation": {"sensitivity": 0.999}})
    read_parameters.cache_clear()
    sentence = "Every image is called malignant: validation has too few malignant images for a threshold."
    assert sentence in run_report(*run).read_text()
    assert sentence in (run[0] / "report/cards/a.md").read_text()
    assert not [name for name in read_json(run[0] / "metrics/a/subgroups.json") if "sensitiv" in name]
