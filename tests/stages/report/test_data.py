"""The page speaks of the data as they are: with or without copies, patients, lesions and metadata."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lesions.formats.json_file import read_json, write_json, write_metrics
from lesions.splitting.characteristics import list_characteristics
from lesions.tables.csv_table import write_table
from lesions.tables.metadata import read_metadata
from lesions.tables.predictions import write_predictions
from tests.pages import MIDDLING, Y_TRUE
from tests.runs import build_predictions, guess, run_compare, run_report, with_validation, write_run

UNNAMED: dict[str, Any] = {
    "grouped_by": "",
    "leaked_test_share": None,
    "image_wise_leaked_test_share": {"all": 0.0, "nevus": 0.0},
    "num_images_without_patient": 900,
    "num_images_without_identifier": 900,
    "num_test_images_without_identifier": 90,
}
THE_ONE_DOUBT = "The data name neither the patient nor the lesion of 900 images"
UNKNOWN_LEAK = (
    "The data name no patient and no lesion of the test images: how many have a sibling in training cannot be"
)


def change(folder: Path, file: str, **changes: Any) -> None:
    write_metrics(folder / "metrics" / file, read_json(folder / "metrics" / file) | changes)


def text_of(page: Path) -> str:
    """Return the page without style, scripts, pictures, what only people can state, provenance, and tags."""
    source = re.sub("</?[ib]>", "", page.read_text(encoding="utf-8"))
    hidden = r"<(style|script|pre|dl)\b.*?</\1>|<section id=.(provenance|card).*?</section>|<[^>]*>"
    return " ".join(re.sub(hidden, " ", source, flags=re.DOTALL).split())


@pytest.fixture
def run(tmp_path: Path) -> tuple[Path, Path]:
    """The folder of a run of two models up to `compare`, and its parameter file."""
    params = write_run(
        tmp_path, {"a": build_predictions(Y_TRUE, MIDDLING), "b": build_predictions(Y_TRUE, guess(Y_TRUE, 1, 4))}
    )
    run_compare(tmp_path, params)
    return tmp_path, params


def test_without_identifiers_nothing_but_their_absence_speaks_of_patients_or_lesions(run: tuple[Path, Path]) -> None:
    folder, params = run
    change(folder, "split.json", **UNNAMED)
    change(folder, "data.json", num_patients=0, num_lesions=0)
    change(folder, "near_duplicates.json", num_near_pairs=5, num_pairs_without_shared_identifier=5)
    table = read_metadata(folder / "data/metadata.csv").assign(patient_id=None, lesion_id=None)
    write_table(folder / "data/metadata.csv", table, sort_by="image_id")
    write_json(folder / "data/characteristics.json", list_characteristics(table.assign(split="test")))
    text = text_of(run_report(folder, params))
    assert "Intervals are over images." in text
    assert "All tests count images." in text
    assert text.count(THE_ONE_DOUBT) == text.count(UNKNOWN_LEAK) == 1
    sentences = re.split(r"(?<=[.:;]) ", re.sub("[Vv]ascular lesion|Lesion classifiers|skin lesions", "", text))
    speaking = [sentence for sentence in sentences if re.search(r"\b(patient|lesion)s?\b", sentence)]
    assert [sentence.split(":")[0].removeprefix("What to doubt ").strip() for sentence in speaking] == [
        THE_ONE_DOUBT,
        "two photographs of one lesion may be in different splits, and scores too high.",
        "The data name no patient and no lesion of the test images",
    ]


@pytest.mark.slow
def test_with_identifiers_intervals_are_over_patients_or_lesions(run: tuple[Path, Path]) -> None:
    text = text_of(run_report(*run))
    assert "Intervals are over patients or lesions." in text
    assert "All tests count patients or lesions." in text


@pytest.mark.slow
def test_the_copies_are_drawn_only_if_there_are_some(run: tuple[Path, Path]) -> None:
    folder, params = run
    assert 'class="copies"' not in run_report(folder, params).read_text()
    assert "No two images are copies of each other" in text_of(folder / "report/index.html")
    change(folder, "near_duplicates.json", num_near_pairs=1)
    assert 'class="copies"' in run_report(folder, params).read_text()


def test_what_became_of_the_images_is_in_a_table(tmp_path: Path) -> None:
    params = write_run(tmp_path, {"a": build_predictions(Y_TRUE, MIDDLING)})
    run_compare(tmp_path, params)
    change(tmp_path, "data.json", num_rows=915, num_rejected=12, num_left_out_by_reason={"no_diagnosis": 3})
    sizes = {"train": 699, "val": 110, "test": 90}
    change(tmp_path, "split.json", num_images=sizes, num_conflicting_images_dropped=1)
    text = text_of(run_report(tmp_path, params))
    assert (
        "rows of the tables 915 refused (data/rejected.csv says why) − 12 left out: no diagnosis is known − 3 images "
        "900 left out: a copy has another diagnosis − 1 images used 899 for training 699 for validation 110 for test "
        "90"
    ) in text
    assert "699 for training, 110 for validation, 90 for test, 1 left out." in text


def test_without_metadata_there_is_no_trace_of_the_metadata_probe_but_one_line(tmp_path: Path) -> None:
    params = write_run(tmp_path, {"a": build_predictions(Y_TRUE, MIDDLING)})
    (tmp_path / "data/predictions/probes/metadata_probe.csv").unlink()
    run_compare(tmp_path, params)
    page = run_report(tmp_path, params)
    assert "metadata_probe" not in page.read_text()
    assert "There is no metadata probe: the data have no age, sex, site, skin type or source" in text_of(page)
    assert "rim alone sees the rim of the image, and nothing else, so that it should score badly." in text_of(page)


def test_a_probe_that_no_model_beats_is_the_headline(tmp_path: Path) -> None:
    params = write_run(tmp_path, {"a": build_predictions(Y_TRUE, MIDDLING)})
    rim = build_predictions(Y_TRUE, 9 * np.eye(3)[Y_TRUE])
    write_predictions(tmp_path / "data/predictions/probes/border_probe.csv", with_validation(rim))
    run_compare(tmp_path, params)
    page = run_report(tmp_path, params)
    verdict = page.read_text().split('id="verdict">')[1]
    assert verdict.lstrip().startswith("<p>No model beats the rim of the image alone (balanced accuracy 1.000; a 0.")


@pytest.mark.slow
def test_probes_have_one_order(run: tuple[Path, Path]) -> None:
    source = run_report(*run).read_text()
    for start in ('<table id="scores"', '<table id="differences"', "Below each score"):
        part = source[source.index(start) :]
        assert part.index("rim alone") < part.index("metadata alone")
