"""Tests which files beside a photograph are taken for its masks and thumbnails."""

import pytest

from lesions.images.photographs import (
    DERIVED_FORMAT,
    DERIVED_NAME,
    IN_DERIVED_FOLDER,
    IN_PROGRAM_FOLDER,
    find_derived,
)


@pytest.mark.parametrize(
    "name",
    [
        "x_segmentation.png",
        "x_superpixels.png",
        "x-mask.jpg",
        "x_masks.png",
        "X_MASK.PNG",
        "x (thumb).jpg",
        "x.thumb.jpg",
        "x_downsampled.jpg",
        "x_preview.jpg",
        "x_mask_2.png",
        "x_attribute_globules.png",
        "x_GroundTruth.png",
        "xMask.png",
        "x.jpg_mask.png",
        "x-150x150.jpg",
        "mask_x.png",
        "thumb-x.jpg",
    ],
)
@pytest.mark.parametrize("folder", ["", "melanoma/", "other/"])
def test_a_name_with_a_word_for_masks_or_thumbnails_is_no_photograph(name: str, folder: str) -> None:
    assert find_derived(["melanoma/x.jpg", f"{folder}{name}"]) == {f"{folder}{name}": DERIVED_NAME}


@pytest.mark.parametrize(
    "names",
    [
        ["lesion_1.jpg", "lesion_12.jpg", "lesion_1_2.jpg"],
        ["ISIC_0000013.jpg", "ISIC_0000013_1.jpg", "ISIC_0000013_1.png"],
        ["IMG_1.jpg", "IMG_1_2.jpg", "IMG_1 (2).jpg", "IMG_1-3.jpg"],
        ["A17.jpg", "A17a.jpg", "A17_b.png", "A17_left.jpg", "A17 closeup.jpg", "A17_follow_up.jpg"],
        ["y_mask.png", "z_thumb.jpg"],
        ["mask.jpg", "mask_1.jpg", "small.jpg"],
        ["masked_man.jpg", "labelle.jpg", "label.jpg"],
        ["2x2.jpg", "2x2_3x3.jpg"],
        ["a/1.jpg", "b/1_left.png"],
        ["masks/x.png", "masks/y.png"],
    ],
)
def test_photographs_of_their_own_stay(names: list[str]) -> None:
    assert find_derived(names) == {}


def test_any_word_in_another_format_is_no_photograph() -> None:
    files = ["a/x.jpg", "a/x_lesion.png", "a/x_lesion.JPEG", "b/x_lesion.png"]
    assert find_derived(files) == {"a/x_lesion.png": DERIVED_FORMAT}


@pytest.mark.parametrize(
    "folder",
    [
        "masks",
        "Thumbnails",
        "Ground Truth",
        "ISIC2018_Task1_Training_GroundTruth",
        "HAM10000_segmentations_lesion",
        "a/seg",
    ],
)
@pytest.mark.parametrize("name", ["x.png", "x_segmentation.png", "X.jpg"])
def test_a_folder_of_masks_or_thumbnails_holds_none_beside_the_images_themselves(folder: str, name: str) -> None:
    assert find_derived(["images/x.jpg", f"{folder}/{name}"]) == {f"{folder}/{name}": IN_DERIVED_FOLDER}


@pytest.mark.parametrize(
    "file",
    [
        "@eaDir/x.jpg/SYNOPHOTO_THUMB_M.jpg",
        "melanoma/@eaDir/y.jpg",
        "__MACOSX/melanoma/x.jpg",
        "$RECYCLE.BIN/$R1.jpg",
        "#recycle/x.jpg",
        "lost+found/x.jpg",
        "System Volume Information/x.jpg",
    ],
)
def test_folders_that_programs_keep_hold_none(file: str) -> None:
    assert find_derived(["melanoma/x.jpg", file]) == {file: IN_PROGRAM_FOLDER}


def test_a_mask_of_a_mask_is_none_either() -> None:
    assert find_derived(["x.jpg", "x_mask.png", "x_mask_small.png"]) == dict.fromkeys(
        ["x_mask.png", "x_mask_small.png"], DERIVED_NAME
    )
