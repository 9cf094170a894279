"""Where the data name neither patient nor lesion, no leak is claimed and none is ruled out."""

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lesions.errors import InputError
from tests.builders import WriteParams, metadata_table
from tests.splitting import SPLIT, SYNTHETIC, split

DIAGNOSES = ["nevus"] * 20 + ["melanoma"] * 20
UNNAMED: dict[str, list[Any]] = {"patient_id": [None] * 40, "lesion_id": [None] * 40}
PAIRS = pd.DataFrame(
    {
        "image_id": [f"image_{n:04d}" for n in range(0, 40, 2)],
        "other_image_id": [f"image_{n:04d}" for n in range(1, 40, 2)],
    }
)


def test_without_identifiers_the_leak_is_null(
    tmp_path: Path, write_params: WriteParams, capsys: pytest.CaptureFixture[str]
) -> None:
    params = write_params(dataset=SYNTHETIC, split=SPLIT)
    _, metrics, _ = split(tmp_path, params, metadata_table(DIAGNOSES, **UNNAMED), PAIRS)
    assert metrics["leaked_test_share"] is None
    assert metrics["copied_test_share"] == 0
    assert metrics["num_images_without_identifier"] == 40
    assert metrics["num_test_images_without_identifier"] == metrics["num_images"]["test"] == 8
    shown = capsys.readouterr().out
    assert "the data name no patient and no lesion: only copies are kept together" in shown
    assert "%" not in shown


def test_without_identifiers_copies_on_two_sides_are_still_counted(
    tmp_path: Path, write_params: WriteParams, capsys: pytest.CaptureFixture[str]
) -> None:
    params = write_params(dataset=SYNTHETIC, split=SPLIT | {"scheme": "image"})
    splits, metrics, _ = split(tmp_path, params, metadata_table(DIAGNOSES, **UNNAMED), PAIRS)
    side = splits.set_index("image_id").split
    copied = sum({side[first], side[second]} == {"train", "test"} for first, second in PAIRS.itertuples(index=False))
    assert metrics["leaked_test_share"] is None
    assert metrics["copied_test_share"] == copied / 8 > 0
    assert f"{copied / 8:.1%} of the test images have a copy in training" in capsys.readouterr().out


def test_images_without_identifiers_are_counted_and_not_judged(
    tmp_path: Path, write_params: WriteParams, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every second nevus and melanoma has no identifier; split by image, some of the others leak."""
    patients = [None if n % 2 else f"p{n // 4}" for n in range(40)]
    table = metadata_table(DIAGNOSES, patient_id=patients, lesion_id=[None] * 40)
    params = write_params(dataset=SYNTHETIC, split=SPLIT | {"scheme": "image"})
    splits, metrics, _ = split(tmp_path, params, table)
    named = splits.assign(patient=pd.Series(patients)).dropna(subset="patient")
    trained, test = (named[named.split == name] for name in ("train", "test"))
    assert 0 < len(test) < 8
    assert metrics["num_test_images_without_identifier"] == 8 - len(test)
    assert metrics["leaked_test_share"] == pytest.approx(test.patient.isin(trained.patient).mean(), abs=1e-6)
    assert re.search(
        rf"of {len(test)} of the 8 test images have a sibling in training; .*; of {8 - len(test)} it cannot be "
        "known: the data name no patient and no lesion of them",
        capsys.readouterr().out,
    )


def test_if_no_test_image_has_an_identifier_the_leak_is_null(
    tmp_path: Path, write_params: WriteParams, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only images in a folder Train/ have patients."""
    published = ["train"] * 15 + ["test"] * 5
    table = metadata_table(
        DIAGNOSES,
        published_split=published * 2,
        patient_id=[f"p{n}" if part == "train" else None for n, part in enumerate(published * 2)],
        lesion_id=[None] * 40,
    )
    _, metrics, _ = split(tmp_path, write_params(dataset=SYNTHETIC, split=SPLIT | {"test_list": "published"}), table)
    assert metrics["grouped_by"] == "patient_id"
    assert metrics["leaked_test_share"] is None
    assert metrics["num_test_images_without_identifier"] == 10
    assert "how many test images have a sibling in training cannot be known" in capsys.readouterr().out


def test_images_without_identifiers_are_counted(tmp_path: Path, write_params: WriteParams) -> None:
    table = metadata_table(["nevus"] * 10 + ["melanoma"] * 5)
    table.loc[:3, "patient_id"] = None
    table.loc[2:5, "lesion_id"] = None
    metrics = split(tmp_path, write_params(dataset=SYNTHETIC, split=SPLIT), table)[1]
    assert (metrics["num_images_without_patient"], metrics["num_images_without_identifier"]) == (4, 2)


@pytest.mark.parametrize(
    ("columns", "words"),
    [(UNNAMED, r"all images of one picture\)"), ({}, r"all images of one patient, lesion or picture\)")],
)
def test_a_refusal_names_only_the_identifiers_that_there_are(
    tmp_path: Path, write_params: WriteParams, columns: dict[str, list[Any]], words: str
) -> None:
    table = metadata_table([*DIAGNOSES[:-1], "dermatofibroma"], **columns)
    with pytest.raises(InputError, match=words):
        split(tmp_path, write_params(dataset=SYNTHETIC, split=SPLIT), table)
