"""Downloads of the ISIC archive: what is used, what is left out and why, and how diagnoses are read."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lesions.errors import InputError
from tests import published_tables as made
from tests.builders import WriteParams
from tests.layouts import Run

EVERY: dict[str, Any] = {
    "level": None,
    "licences": ["CC-0", "CC-BY", "CC-BY-NC", "not stated"],
    "image_types": [*made.IMAGE_TYPES, "not stated"],
}
"""The section isic_archive that leaves out no image of the tables made here by its licence or type."""

Change = Callable[[pd.DataFrame], pd.DataFrame]


@pytest.fixture
def run(tmp_path: Path, write_params: WriteParams) -> Run:
    return Run(tmp_path, write_params)


def write(run: Run, change: Change = lambda table: table) -> pd.DataFrame:
    """Write the table of a download, after changing it; each of its images counts as decoded."""
    published = change(made.make_isic_archive())
    published.to_csv(run.root / "metadata.csv", index=False)
    run.undecoded = published.isic_id.tolist()
    return published


def list_left_out(run: Run) -> dict[str, int]:
    return {why: number for why, number in run.counts["num_left_out_by_reason"].items() if number}


def test_images_are_left_out_by_licence_by_type_and_if_they_are_synthetic(run: Run) -> None:
    published = write(run)
    section = {"level": None, "licences": ["CC-0", "CC-BY"], "image_types": ["dermoscopic"]}
    table = run.run("isic_archive", isic_archive=section)
    is_free, is_dermoscopic = published.copyright_license != "CC-BY-NC", published.image_type == "dermoscopic"
    is_synthetic = published.image_manipulation == "synthetic"
    used = published[is_free & is_dermoscopic & ~is_synthetic]
    assert sorted(table.image_id) == sorted(used.isic_id)
    assert list_left_out(run) == {
        "synthetic": is_synthetic.sum(),
        "licence": (~is_synthetic & ~is_free).sum(),
        "image_type": (~is_synthetic & is_free & ~is_dermoscopic).sum(),
    }
    assert run.counts["num_images_by_licence"] == {"isic_archive": used.copyright_license.value_counts().to_dict()}


def test_fields_are_translated(run: Run) -> None:
    published = write(run).set_index("isic_id")
    table = run.run("isic_archive", isic_archive=EVERY).set_index("image_id")
    published = published.loc[table.index]
    assert (table.age_years[published.age_approx == "85+"] == 85).all()
    assert (table.fitzpatrick_type[published.fitzpatrick_skin_type == "VI"] == "6").all()
    assert (table.site.fillna("") == published.anatom_site_1.str.lower()).all()
    assert (table.patient_id == published.patient_id).all()
    assert set(table.diagnosis_confirmation.dropna()) == {"histopathology", "clinical_assessment"}


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        (
            None,
            {"actinic_keratosis", "basal_cell_carcinoma", "benign_keratosis", "indeterminate", "melanoma", "nevus"}
            | {"other_benign"},
        ),
        (1, {"benign", "indeterminate", "malignant"}),
        (
            3,
            {
                "atypical_melanocytic_neoplasm",
                "basal_cell_carcinoma",
                "melanoma_in_situ",
                "melanoma_invasive",
                "nevus",
            }
            | {"seborrheic_keratosis", "solar_or_actinic_keratosis", "trichilemmal_or_isthmic_catagen_or_pilar_cyst"},
        ),
    ],
)
def test_a_level_of_the_hierarchy_is_chosen(run: Run, level: int | None, expected: set[str]) -> None:
    write(run)
    section = EVERY | {"level": level}
    sides = {"malignant": ["malignant"], "benign": sorted(expected - {"malignant"}), "neither": []}
    run.task = run.task | sides if level else run.task
    assert set(run.run("isic_archive", isic_archive=section).diagnosis) == expected


def test_a_word_on_no_list_is_said(run: Run) -> None:
    write(run)
    with pytest.raises(InputError, match="task: the data have atypical_melanocytic_neoplasm, melanoma_in_situ, m"):
        run.run("isic_archive", isic_archive=EVERY | {"level": 3})


def rename_to_old(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table as the archive wrote it before diagnoses had levels; empty columns are left out."""
    words = {"Nevus": "nevus", "Basal cell carcinoma": "basal cell carcinoma", "Melanoma in situ": "melanoma"}
    old = pd.DataFrame({"isic_id": table.isic_id, "copyright_license": table.copyright_license})
    old["benign_malignant"] = table.diagnosis_1.str.lower()
    return old.assign(
        diagnosis=table.diagnosis_3.map(words).fillna("unknown"),
        anatom_site_general=["head/neck" if n % 3 else "unknown" for n in table.index],
    )


def test_an_older_download_is_read(run: Run) -> None:
    write(run, rename_to_old)
    table = run.run("isic_archive", isic_archive=EVERY)
    # Seborrheic keratoses and cysts are only benign here, invasive melanomas only malignant.
    assert {"benign", "basal_cell_carcinoma", "indeterminate", "malignant", "melanoma", "nevus"} == set(
        table.diagnosis
    )
    assert table.site.value_counts().to_dict() == {"head/neck": 160}
    assert table.patient_id.isna().all()
    assert list_left_out(run) == {}


def test_an_image_that_was_never_downloaded_is_counted(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    published = write(run)
    lost = published.isic_id[published.image_manipulation != "synthetic"].iloc[:3]
    run.undecoded = sorted(set(published.isic_id) - set(lost))
    with pytest.raises(InputError, match=r"3 of 240 rows refused.*\n  3 × isic_id: has no image file"):
        run.run("isic_archive", isic_archive=EVERY)
    run.run("isic_archive", isic_archive=EVERY, max_rejected_fraction=0.02)
    assert run.counts["num_rejected"] == 3
    rejected = pd.read_csv(run.folder / "rejected.csv")
    assert rejected.image_id[rejected.kind == "refused"].tolist() == lost.tolist()


def test_a_lesion_of_several_patients_is_said(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    published = write(run, lambda table: table.assign(patient_id=[f"IP_{n:07d}" for n in table.index]))
    table = run.run("isic_archive", isic_archive=EVERY)
    number = int((table.groupby("lesion_id").patient_id.nunique() > 1).sum())
    assert 0 < number <= published.lesion_id.nunique()
    assert f"lesions that have several patients: {number}; these patients stay together" in capsys.readouterr().out


def test_a_table_without_any_diagnosis_is_refused(run: Run) -> None:
    write(
        run,
        lambda table: table.drop(
            columns=[f"diagnosis_{level}" for level in range(1, 6)] + ["diagnosis_confirm_type"]
        ),
    )
    columns = "benign_malignant, diagnosis_1, diagnosis_2, diagnosis, diagnosis_3, diagnosis_4, diagnosis_5"
    with pytest.raises(
        InputError, match=f"metadata.csv: none of the columns {columns} is there; found isic_id, attrib"
    ):
        run.run("isic_archive", isic_archive=EVERY)


@pytest.mark.parametrize(
    ("name", "section", "message"),
    [
        (
            "isic_archive",
            None,
            "isic_archive needs a section with level, licences and image_types, as in presets/datas",
        ),
        ("ham10000", EVERY, "isic_archive belongs to the dataset of this name, got ham10000; set it to null"),
        ("isic_archive", EVERY | {"level": 6}, "dataset.isic_archive.level: expected"),
        (
            "isic_archive",
            EVERY | {"licences": ["CC0"]},
            "dataset.isic_archive.licences.0: expected 'CC-0', 'CC-BY', 'C",
        ),
        ("isic_archive", EVERY | {"image_types": []}, "dataset.isic_archive.image_types: expected"),
        ("isic_archive", EVERY | {"synthetic": True}, "dataset.isic_archive.synthetic: there is no such parameter"),
    ],
)
def test_a_section_that_is_wrong_or_would_be_ignored_is_refused(
    run: Run, name: str, section: dict[str, Any] | None, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        run.run(name, isic_archive=section)
