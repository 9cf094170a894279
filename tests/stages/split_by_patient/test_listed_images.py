"""A list or a folder says which images test."""

import hashlib
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lesions.errors import InputError
from tests.builders import WriteParams, metadata_table
from tests.splitting import SPLIT, SYNTHETIC, split


def listed(tmp_path: Path, write_params: WriteParams, text: str, **changes: Any) -> Path:
    """Write a test list, and return parameters that name it."""
    path = tmp_path / "official.csv"
    path.write_text(text)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return write_params(
        dataset=SYNTHETIC, split=SPLIT | {"test_list": str(path), "test_list_sha256": digest} | changes
    )


def test_a_published_list_fixes_the_test_images(tmp_path: Path, write_params: WriteParams) -> None:
    table = metadata_table(["nevus"] * 20 + ["melanoma"] * 20)
    official = table.image_id[[0, 1, 2, 20]].tolist()
    text = "image,MEL,NV\n" + "".join(f"{name}.jpg,0,1\n" for name in official)
    splits, metrics, shares = split(tmp_path, listed(tmp_path, write_params, text), table)
    assert splits[splits.split == "test"].image_id.tolist() == official
    assert metrics["tested_by"] == "list"
    assert metrics["num_images"] == {"train": 27, "val": 9, "test": 4}
    # One of 20 melanomas is in test, and three quarters of the others are in train.
    wanted = shares[shares.diagnosis == "melanoma"].set_index("split").share_asked
    assert wanted.to_dict() == pytest.approx({"test": 0.05, "train": 0.95 * 0.75, "val": 0.95 * 0.25})


def test_images_that_share_a_patient_or_picture_with_a_listed_one_are_dropped(
    tmp_path: Path, write_params: WriteParams, capsys: pytest.CaptureFixture[str]
) -> None:
    diagnoses = ["nevus"] * 20 + ["melanoma"] * 20
    table = metadata_table(diagnoses, patient_id=["a", "a", "b", *(f"p{n}" for n in range(37))])
    copies = pd.DataFrame({"image_id": ["image_0002"], "other_image_id": ["image_0003"]})
    text = "image_id\nimage_0000\nimage_0002\n"
    splits, metrics, _ = split(tmp_path, listed(tmp_path, write_params, text), table, copies)
    assert splits[splits.split == "dropped"].image_id.tolist() == ["image_0001", "image_0003"]
    assert metrics["num_siblings_of_listed_dropped"] == 2
    assert metrics["leaked_test_share"] == 0
    shown = capsys.readouterr().out
    assert (
        "2 images that split.test_list does not name were dropped: they share a patient, lesion or picture" in shown
    )


def test_a_listed_image_is_tested_even_if_a_copy_contradicts_it(tmp_path: Path, write_params: WriteParams) -> None:
    table = metadata_table(["nevus"] * 20 + ["melanoma"] * 20)
    copies = pd.DataFrame({"image_id": ["image_0000"], "other_image_id": ["image_0020"]})
    params = listed(tmp_path, write_params, "image_id\nimage_0000\n")
    splits, metrics, _ = split(tmp_path, params, table, copies)
    assert splits.set_index("image_id").split[["image_0000", "image_0020"]].tolist() == ["test", "dropped"]
    assert metrics["num_conflicting_images_dropped"] == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "image_id\nimage_0000\nISIC_1\n",
            r"official.csv, line 3: the metadata have no image 'ISIC_1', nor 0 others of the 2",
        ),
        ("image_id\nimage_0000\nimage_0001\nimage_0000\n", r"official.csv, line 4: 'image_0000' is named twice"),
        ("image_id\n", r"official.csv: split.test_list names no image"),
        ("ISIC_1.jpg\nimage_0001\n", r"official.csv, line 1: the header is 'ISIC_1.jpg', the name of an image"),
        ("image_0000\nimage_0001\n", r"official.csv, line 1: the header is 'image_0000', the name of an image"),
        (" image_0000\nimage_0001\n", r"official.csv, line 1: the header is ' image_0000', the name of an image"),
    ],
)
def test_an_invalid_list_is_refused(tmp_path: Path, write_params: WriteParams, text: str, message: str) -> None:
    table = metadata_table(["nevus"] * 20 + ["melanoma"] * 20)
    with pytest.raises(InputError, match=message):
        split(tmp_path, listed(tmp_path, write_params, text), table)


def test_a_changed_list_is_refused(tmp_path: Path, write_params: WriteParams) -> None:
    params = listed(tmp_path, write_params, "image_id\nimage_0000\n", test_list_sha256="a" * 64)
    with pytest.raises(InputError, match=r"official.csv has the sha256 .*, and split.test_list_sha256 is a{64}"):
        split(tmp_path, params, metadata_table(["nevus"] * 9))


def test_a_diagnosis_of_listed_images_alone_is_refused(tmp_path: Path, write_params: WriteParams) -> None:
    table = metadata_table(["nevus"] * 20 + ["melanoma"] * 3)
    text = "image_id\n" + "".join(f"image_{n:04d}\n" for n in (20, 21, 22))
    with pytest.raises(InputError, match=r"melanoma in train; too many of its images are on the test list"):
        split(tmp_path, listed(tmp_path, write_params, text), table)


def test_a_list_of_all_images_leaves_nothing_to_train_on(tmp_path: Path, write_params: WriteParams) -> None:
    table = metadata_table(["nevus"] * 4 + ["melanoma"] * 4)
    text = "image_id\n" + "".join(f"{name}\n" for name in table.image_id)
    with pytest.raises(InputError, match=r"has the diagnosis melanoma in train"):
        split(tmp_path, listed(tmp_path, write_params, text), table)


def test_the_leak_of_a_split_by_the_list_alone_is_reported(tmp_path: Path, write_params: WriteParams) -> None:
    diagnoses = ["nevus"] * 20 + ["melanoma"] * 20
    table = metadata_table(diagnoses, patient_id=["a", "a", *(f"p{n}" for n in range(38))])
    text = "image_id\nimage_0000\nimage_0002\nimage_0020\nimage_0021\n"
    metrics = split(tmp_path, listed(tmp_path, write_params, text), table)[1]
    # One of the four listed images has a sibling that is not on the list; both are nevi.
    assert metrics["image_wise_leaked_test_share"] == {"all": 0.25, "melanoma": 0, "nevus": 0.5}


def test_a_list_names_images_with_or_without_their_folders(tmp_path: Path, write_params: WriteParams) -> None:
    table = metadata_table(["nevus", "melanoma"] * 5)
    table["image_id"] = "ham10000/" + table.image_id
    for names in (table.image_id[6:], table.image_id[6:].str.removeprefix("ham10000/") + ".jpg"):
        path = tmp_path / "list.csv"
        path.write_text("\n".join(["image", *names]) + "\n")
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        changes = {"test_list": str(path), "test_list_sha256": digest}
        splits, _, _ = split(tmp_path, write_params(dataset=SYNTHETIC, split=SPLIT | changes), table)
        assert (splits.split == "test").tolist() == [False] * 6 + [True] * 4


@pytest.mark.parametrize("folder", ["ham10000/", "melanoma/"])
def test_a_list_without_a_header_is_refused_also_if_it_names_no_folders(
    tmp_path: Path, write_params: WriteParams, folder: str
) -> None:
    table = metadata_table(["nevus", "melanoma"] * 5)
    table["image_id"] = folder + table.image_id
    message = r"official.csv, line 1: the header is 'image_0000', the name of an image; add a line above it"
    with pytest.raises(InputError, match=message):
        split(tmp_path, listed(tmp_path, write_params, "image_0000\nimage_0001\n"), table)


def test_a_diagnosis_whose_images_are_all_siblings_of_listed_ones_is_named(
    tmp_path: Path, write_params: WriteParams
) -> None:
    table = metadata_table(["nevus", "melanoma"] * 5 + ["dermatofibroma"] * 2)
    table.loc[10:, "patient_id"] = table.patient_id[8:10].tolist()
    path = tmp_path / "list.csv"
    path.write_text("\n".join(["image", *table.image_id[6:10]]) + "\n")
    changes = {"test_list": str(path), "test_list_sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    with pytest.raises(InputError, match="every image of the diagnosis dermatofibroma shares a patient"):
        split(tmp_path, write_params(dataset=SYNTHETIC, split=SPLIT | changes), table)


def test_published_folders_determine_the_test_images(tmp_path: Path, write_params: WriteParams) -> None:
    table = metadata_table(["nevus", "melanoma"] * 5, published_split=["train"] * 6 + ["test"] * 4)
    params = write_params(dataset=SYNTHETIC, split=SPLIT | {"test_list": "published"})
    splits, metrics, _ = split(tmp_path, params, table)
    assert splits.split[6:].tolist() == ["test"] * 4
    assert set(splits.split[:6]) == {"train", "val"}
    assert metrics["tested_by"] == "list"


def test_a_missing_published_test_set_is_refused(tmp_path: Path, write_params: WriteParams) -> None:
    params = write_params(dataset=SYNTHETIC, split=SPLIT | {"test_list": "published"})
    with pytest.raises(InputError, match=r"test_list is published, but no image is in a folder Test/"):
        split(tmp_path, params, metadata_table(["nevus"] * 9))
