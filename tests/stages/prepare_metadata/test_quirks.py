"""What users report of copies of published datasets, and of tables that a spreadsheet has saved."""

from pathlib import Path

import pandas as pd
import pytest

from lesions.preflight.datasets import check_datasets
from lesions.preflight.findings import Findings
from tests import published_tables as made
from tests.builders import ISIC_2019, WriteParams, dataset_section, needs_isic_2019
from tests.layouts import Run
from tests.preparation import GOOD, Case
from tests.test_isic_tables import SPLIT


@needs_isic_2019
def test_downsampled_names_of_isic_2019_are_no_thumbnails(tmp_path: Path, write_params: WriteParams) -> None:
    """2,074 of its images are called so; the table names them."""
    run = Run(tmp_path, write_params)
    for name in ("ISIC_2019_Training_GroundTruth.csv", "ISIC_2019_Training_Metadata.csv"):
        table = pd.read_csv(ISIC_2019 / name, dtype=str, keep_default_na=False)
        is_downsampled = table.image.str.endswith("_downsampled")
        assert is_downsampled.sum() == 2074
        pd.concat([table[is_downsampled][:200], table[~is_downsampled][:50]]).to_csv(run.root / name, index=False)
    names = pd.read_csv(run.root / name).image.tolist()
    # The files that the rows do not name may be there too.
    others = [name.removesuffix("_downsampled") for name in names[:20]]
    run.undecoded = names + others
    used = run.run("isic2019")
    assert sorted(used.image_id) == sorted(names)
    assert run.counts["num_unlisted_files"] == 20


def test_rows_of_a_copy_of_ham10000_that_repeat_one_another_count_once(case: Case) -> None:
    """marmal88/skin_cancer has 13,354 rows for 10,015 images; here three images have several rows."""
    case.prepare(*GOOD, GOOD[0], GOOD[0], GOOD[4], allowed=0.0)
    assert len(case.metadata) == 9
    assert case.metrics["num_left_out_by_reason"]["repeated"] == 3


def test_copies_in_the_published_splits_of_folders_do_not_leak(tmp_path: Path, write_params: WriteParams) -> None:
    """Images that such a copy has in train and in test are tested on, and taken from training."""
    run = Run(tmp_path, write_params)
    kinds = ("melanoma", "nevus")
    made.write_images(run.root, [f"train/{kind}/{n}.jpg" for kind in kinds for n in range(30)])
    for kind in kinds:
        (run.root / f"test/{kind}").mkdir(parents=True)
        for n in range(10):
            (run.root / f"test/{kind}/{n}.jpg").write_bytes((run.root / f"train/{kind}/{n}.jpg").read_bytes())
    pairs = [(f"test/{kind}/{n}", f"train/{kind}/{n}") for kind in kinds for n in range(10)]
    used = run.run("image_folder", pairs=pairs, split={"test_list": "published"})
    assert set(used.image_id[used.split == "test"]) == {copy for copy, _ in pairs}
    assert not set(used.image_id[used.split.isin(["train", "val"])]) & {original for _, original in pairs}


@pytest.mark.parametrize(
    ("spelled", "number"),
    [
        (["02. Jan", "P2", "P3"], 1),
        (["01-Mar", "2026-01-02 00:00:00", "1.2.2026", "Jan 26", "P5"], 4),
        (["2026-01-02", "2026-01-03"], 0),
        (["A1", "2021-17", "12-1234", "marta 1"], 0),
    ],
)
def test_identifiers_that_a_spreadsheet_made_dates_of_are_said(
    case: Case, capsys: pytest.CaptureFixture[str], spelled: list[str], number: int
) -> None:
    rows = [row.replace(f"HAM_{n}", spelled[n % len(spelled)]) for n, row in enumerate(GOOD)]
    case.prepare(*rows)
    assert case.metrics["identifiers"]["lesion_id"]["num_dates"] == number
    said = f"lesion_id: identifiers that look like dates, as spreadsheets make of 1-2, beside others: {number}"
    assert (said in capsys.readouterr().out) == (number > 0)


def test_a_dataset_one_folder_deeper_is_found(tmp_path: Path, write_params: WriteParams) -> None:
    run = Run(tmp_path, write_params)
    made.write_images(run.root, ["archive/images/1.jpg"])
    (run.root / "archive/HAM10000_metadata.csv").write_text("image_id\n1\n")
    params = write_params(dataset=dataset_section(run.root, "ham10000"), split=SPLIT)
    findings = Findings()
    check_datasets(params, findings)
    found = run.root / "archive/HAM10000_metadata.csv"
    assert findings.problems == [
        f"dataset.root: {run.root} has no HAM10000_metadata.csv, which ham10000 has; there is {found}; name its "
        "folder in dataset.root, or move what is in it"
    ]
