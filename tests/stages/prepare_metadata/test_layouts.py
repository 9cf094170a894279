"""Folders of diagnoses below folders of splits, or below one folder that holds everything."""

from pathlib import Path

import pandas as pd
import pytest

from lesions.errors import InputError
from lesions.parameters.section import read_section
from lesions.tables.metadata import read_metadata
from lesions.tables.task import TaskParameters
from tests.builders import WriteParams
from tests.preparation import prepare, write_folders


def read_places(folder: Path) -> dict[str, list[str]]:
    """Return the diagnosis and the published split of each image."""
    metadata = read_metadata(folder / "metadata.csv").set_index("image_id")
    places = metadata[["diagnosis", "published_split"]].fillna("")
    return {str(image_id): list(place) for image_id, place in zip(places.index, places.to_numpy(), strict=True)}


@pytest.mark.parametrize(
    ("names", "splits"),
    [
        (("train", "val", "test"), ("train", "val", "test")),
        (("Training", "Validation", "Testing"), ("train", "val", "test")),
        (("TRAIN", "Valid", "TEST"), ("train", "val", "test")),
    ],
)
@pytest.mark.parametrize("wrapper", ["", "Skin cancer ISIC/", "archive/data set/"])
def test_folders_of_splits_and_one_that_holds_them_are_stepped_over(
    tmp_path: Path, write_params: WriteParams, wrapper: str, names: tuple[str, ...], splits: tuple[str, ...]
) -> None:
    files = [f"{wrapper}{name}/{kind}/{n}.jpg" for n, name in enumerate(names) for kind in ("melanoma", "nevus")]
    prepare(tmp_path, write_folders(tmp_path, *files, write_params=write_params))
    assert read_places(tmp_path) == {
        f"{name}/{kind}/{n}": [kind, split]
        for n, (name, split) in enumerate(zip(names, splits, strict=True))
        for kind in ("melanoma", "nevus")
    }


def test_a_folder_that_was_stepped_over_is_said(
    tmp_path: Path, write_params: WriteParams, capsys: pytest.CaptureFixture[str]
) -> None:
    files = ("readme.jpg", "archive/cover.jpg", "archive/melanoma/1.jpg", "archive/nevus/deeper/2.jpg")
    prepare(tmp_path, write_folders(tmp_path, *files, write_params=write_params))
    assert read_places(tmp_path) == {
        "melanoma/1": ["melanoma", ""],
        "nevus/deeper/2": ["nevus", ""],
    }
    assert "image_folder:\n  stepped over the folder archive, which holds all images" in capsys.readouterr().out
    assert pd.read_csv(tmp_path / "rejected.csv").value.tolist() == ["archive/cover.jpg", "readme.jpg"]


@pytest.mark.parametrize(
    "files",
    [
        ("melanoma/P1/1.jpg", "melanoma/P2/2.jpg"),
        ("melanoma/1.jpg", "melanoma/nevus/2.jpg"),
        ("train/melanoma/P1/1.jpg", "train/melanoma/P2/2.jpg"),
    ],
)
def test_a_folder_that_is_a_diagnosis_is_not_stepped_over(
    tmp_path: Path, write_params: WriteParams, files: tuple[str, ...]
) -> None:
    prepare(tmp_path, write_folders(tmp_path, *files, write_params=write_params))
    assert [diagnosis for diagnosis, _ in read_places(tmp_path).values()] == ["melanoma"] * 2


def test_a_single_folder_of_images_with_an_unknown_name_is_named(tmp_path: Path, write_params: WriteParams) -> None:
    params = write_folders(tmp_path, "mole/1.jpg", "mole/2.jpg", write_params=write_params)
    with pytest.raises(InputError, match=r"unknown are folder 'mole' \(2 images\)"):
        prepare(tmp_path, params)


def test_masks_beside_a_wrapping_folder_do_not_hide_it(tmp_path: Path, write_params: WriteParams) -> None:
    files = ("data/melanoma/1.jpg", "data/nevus/2.jpg", "masks/1.png", "__MACOSX/data/nevus/2.jpg")
    prepare(tmp_path, write_folders(tmp_path, *files, write_params=write_params))
    assert sorted(read_places(tmp_path)) == ["melanoma/1", "nevus/2"]


def test_images_without_a_folder_of_a_diagnosis_are_an_error(tmp_path: Path, write_params: WriteParams) -> None:
    params = write_folders(tmp_path, "1.jpg", "test/2.jpg", write_params=write_params)
    with pytest.raises(InputError, match="no image lies in a folder that could be named after a diagnosis"):
        prepare(tmp_path, params)


@pytest.mark.parametrize("start", ["", "archive/"])
def test_a_table_names_files_with_or_without_the_folder_that_holds_everything(
    tmp_path: Path, write_params: WriteParams, start: str
) -> None:
    (tmp_path / "who.csv").write_text(f"photo,person\n{start}melanoma/1.jpg,P1\n{start}nevus/1.jpg,P2\n")
    columns = {"image_id": "photo", "patient_id": "person"}
    files = ("archive/melanoma/1.jpg", "archive/nevus/1.jpg")
    params = write_folders(tmp_path, *files, write_params=write_params, table="who.csv", columns=columns)
    prepare(tmp_path, params)
    assert read_metadata(tmp_path / "metadata.csv").patient_id.tolist() == ["P1", "P2"]


NINE = (
    "actinic keratosis", "basal cell carcinoma", "dermatofibroma", "melanoma", "nevus", "pigmented benign keratosis",
    "seborrheic keratosis", "squamous cell carcinoma", "vascular lesion",
)  # fmt: skip
"""The folders of the archive that presets/published/nine_classes.yaml is for."""


def test_the_nine_classes_of_the_isic_folders_stay_nine(tmp_path: Path, write_params: WriteParams) -> None:
    files = [f"Train/{name}/{n}.jpg" for n, name in enumerate(NINE)]
    params = write_folders(tmp_path, *files, write_params=write_params)
    prepare(tmp_path, params)
    diagnoses = read_metadata(tmp_path / "metadata.csv").diagnosis
    classes = read_section(params, "task", TaskParameters).group(diagnoses)
    assert classes == {name.replace(" ", "_"): (name.replace(" ", "_"),) for name in NINE}
