"""Tests that altered copies planted among files are found, and nothing else is."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter

from lesions.errors import InputError
from lesions.tables.csv_table import write_table
from lesions.tables.index import read_index
from lesions.tables.metadata import COLUMNS
from stages import cache_images, find_near_duplicates
from tests.builders import HAM10000, NO_SHARDS, WriteParams, dataset_section, metadata_table, needs_ham10000

NUM_IMAGES = 30


def skin(seed: int, *, scale: int = 1) -> Image.Image:
    """Return an image of 120 × 90 px, or `scale` times as large, with structure at every scale."""
    noise = np.random.default_rng(seed).normal(size=(90 * scale, 120 * scale))
    blurred = (gaussian_filter(noise, sigma * scale) for sigma in (1.5, 4, 10))
    texture = sum(20 * field / field.std() for field in blurred)
    return Image.fromarray((texture[:, :, None] + np.array([170, 120, 100])).clip(0, 255).astype(np.uint8))


def plant(folder: Path) -> None:
    """Write images, and altered copies of some of them."""
    folder.mkdir()
    for n in range(NUM_IMAGES):
        skin(n).save(folder / f"original_{n:02d}.png")
    (folder / "copy_00.png").write_bytes((folder / "original_00.png").read_bytes())
    skin(1).save(folder / "copy_01.jpg", quality=40)
    skin(2).transpose(Image.Transpose.ROTATE_90).save(folder / "copy_02.png")
    skin(3).rotate(7, Image.Resampling.BILINEAR).save(folder / "copy_03.png")
    skin(4).transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(folder / "copy_04.png")
    skin(5).crop((6, 4, 114, 86)).save(folder / "copy_05.png")
    skin(6).point(lambda value: min(255, int(1.3 * value))).save(folder / "copy_06.png")
    skin(7).resize((60, 45)).save(folder / "copy_07.png")


def crop(image: Image.Image, left_top: float, right_bottom: float) -> Image.Image:
    """Cut fractions of the width and of the height off the sides."""
    width, height = image.size
    edges = [left_top * width, left_top * height, (1 - right_bottom) * width, (1 - right_bottom) * height]
    return image.crop((round(edges[0]), round(edges[1]), round(edges[2]), round(edges[3])))


def shift(image: Image.Image, across: float, down: float) -> Image.Image:
    """Shift by fractions of the width and of the height; what comes in is black."""
    data = (1, 0, across * image.width, 0, 1, down * image.height)
    return image.transform(image.size, Image.Transform.AFFINE, data, Image.Resampling.BILINEAR)


def find(folder: Path, params: Path, **columns: list[Any]) -> tuple[pd.DataFrame, dict[str, Any], Path]:
    """Run the stages on a folder's files; `columns` of the metadata are in the order of sorted files."""
    cache_images.main(folder / "images.npy", folder / "images.csv", params)
    index = read_index(folder / "images.csv")
    known = {name: index[name].tolist() for name in ("file", "row", "sha256", "perceptual_hash")}
    names = [Path(file).stem for file in index.file]
    table = metadata_table(["nevus"] * len(index), image_id=names, **known)
    write_table(folder / "metadata.csv", table.assign(**columns)[COLUMNS], sort_by="image_id")
    pairs, metrics, picture = folder / "pairs.csv", folder / "metrics.json", folder / "pairs.png"
    find_near_duplicates.main(folder / "images.npy", folder / "metadata.csv", pairs, metrics, picture, params)
    return pd.read_csv(pairs), json.loads(metrics.read_text()), picture


@pytest.fixture
def params(tmp_path: Path, write_params: WriteParams) -> Path:
    return write_params(
        dataset=dataset_section(tmp_path / "files", "ham10000"),
        cache_images={"size_px": 74, "fit": "crop", "max_megapixels": 1},
        shards=NO_SHARDS,
        near_duplicates={"min_correlation": 0.7},
    )


def test_planted_copies_are_found_and_nothing_else(tmp_path: Path, params: Path) -> None:
    plant(tmp_path / "files")
    pairs, metrics, picture = find(tmp_path / "files", params)
    assert pairs[["image_id", "other_image_id"]].values.tolist() == [
        [f"copy_{n:02d}", f"original_{n:02d}"] for n in range(8)
    ]
    assert pairs.kind.tolist() == ["exact"] + ["near"] * 7
    assert pairs.correlation.min() >= 0.7
    assert pairs[["hash_similarity", "correlation"]].values[0].tolist() == [1, 1]
    assert metrics == {
        "schema": 1,
        "num_exact_pairs": 1,
        "num_near_pairs": 7,
        "num_pairs_without_shared_identifier": 8,
        "num_conflicting_pairs": 0,
        "largest_number_of_copies": 2,
    }
    with Image.open(picture) as drawn:
        assert drawn.width == 1800
        # What is behind the picture shows through, so that it is dark on a dark page.
        assert drawn.getchannel("A").getextrema()[0] == 0


def test_narrow_crops_wide_rotations_and_shifts_are_found_and_nothing_else(tmp_path: Path, params: Path) -> None:
    (tmp_path / "files").mkdir()
    alterations = [
        lambda image: crop(image, 0.08, 0.08),
        lambda image: crop(image, 0.1, 0.1),
        lambda image: crop(image, 0.15, 0.15),
        lambda image: crop(image, 0.25, 0.25),
        lambda image: crop(image, 0.1, 0),
        lambda image: image.rotate(12, Image.Resampling.BILINEAR),
        lambda image: image.rotate(20, Image.Resampling.BILINEAR),
        lambda image: image.rotate(45, Image.Resampling.BILINEAR),
        lambda image: image.rotate(-33, Image.Resampling.BILINEAR).transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        lambda image: crop(image.rotate(12, Image.Resampling.BILINEAR), 0.1, 0.1),
        lambda image: shift(image, 0.1, 0),
        lambda image: shift(image, 0.05, 0.05),
    ]
    for n in range(NUM_IMAGES):
        skin(n, scale=3).save(tmp_path / f"files/original_{n:02d}.png")
    for n, alter in enumerate(alterations):
        alter(skin(n, scale=3)).save(tmp_path / f"files/copy_{n:02d}.png")
    pairs, _, _ = find(tmp_path / "files", params)
    assert pairs[["image_id", "other_image_id"]].values.tolist() == [
        [f"copy_{n:02d}", f"original_{n:02d}"] for n in range(len(alterations))
    ]


def test_shared_identifiers_and_conflicts_are_counted(tmp_path: Path, params: Path) -> None:
    plant(tmp_path / "files")
    num_files = NUM_IMAGES + 8
    # The first eight files are the copies, the next eight their originals.
    patients = [f"p{n % 8}" if n < 10 else f"q{n}" for n in range(num_files)]
    diagnoses = ["melanoma"] * 3 + ["nevus"] * (num_files - 3)
    pairs, metrics, _ = find(tmp_path / "files", params, patient_id=patients, diagnosis=diagnoses)
    assert pairs.shares_identifier.tolist() == [True, True] + [False] * 6
    assert pairs.is_conflicting.tolist() == [True] * 3 + [False] * 5
    assert metrics["num_pairs_without_shared_identifier"] == 6
    assert metrics["num_conflicting_pairs"] == 3


@pytest.mark.parametrize(
    ("patients", "lesions", "words"),
    [
        (["p"] * 38, [None] * 38, "0 pairs have no patient in common in the data, 0 pairs have different diagnoses"),
        ([None] * 38, [None] * 38, "7 pairs of altered copies; 0 pairs have different diagnoses"),
    ],
)
def test_only_identifiers_that_there_are_are_spoken_of(
    tmp_path: Path,
    params: Path,
    capsys: pytest.CaptureFixture[str],
    patients: list[str | None],
    lesions: list[str | None],
    words: str,
) -> None:
    plant(tmp_path / "files")
    find(tmp_path / "files", params, patient_id=patients, lesion_id=lesions)
    assert words in capsys.readouterr().out


def test_only_pairs_above_the_threshold_are_copies(tmp_path: Path, write_params: WriteParams) -> None:
    plant(tmp_path / "files")
    strict = write_params(
        dataset=dataset_section(tmp_path / "files", "ham10000"),
        cache_images={"size_px": 74, "fit": "crop", "max_megapixels": 1},
        shards=NO_SHARDS,
        near_duplicates={"min_correlation": 0.97},
    )
    pairs, _, _ = find(tmp_path / "files", strict)
    assert {"copy_00", "copy_02", "copy_04"} <= set(pairs.image_id)
    assert "copy_03" not in set(pairs.image_id)
    assert pairs.correlation.min() >= 0.97


def test_without_copies_the_table_is_empty_and_a_picture_is_written(tmp_path: Path, params: Path) -> None:
    (tmp_path / "files").mkdir()
    for n in range(5):
        skin(n).save(tmp_path / f"files/original_{n}.png")
    pairs, metrics, picture = find(tmp_path / "files", params)
    assert pairs.empty
    assert metrics["num_exact_pairs"] == metrics["num_near_pairs"] == 0
    assert picture.is_file()


def test_images_with_too_little_detail_are_refused(tmp_path: Path, write_params: WriteParams) -> None:
    (tmp_path / "files").mkdir()
    skin(0).save(tmp_path / "files/original.png")
    small = write_params(
        dataset=dataset_section(tmp_path / "files", "ham10000"),
        cache_images={"size_px": 31, "fit": "crop", "max_megapixels": 1},
        shards=NO_SHARDS,
        near_duplicates={"min_correlation": 0.7},
    )
    with pytest.raises(InputError, match=r"images.npy: cached images of 31 px .* raise cache_images.size_px to 32"):
        find(tmp_path / "files", small)


def test_small_images_are_searched_only_as_far_as_their_pixels_go(tmp_path: Path, write_params: WriteParams) -> None:
    (tmp_path / "files").mkdir()
    for n in range(5):
        skin(n).save(tmp_path / f"files/original_{n}.png")
    crop(skin(0), 0.25, 0.25).save(tmp_path / "files/copy_0.png")
    skin(1).rotate(45, Image.Resampling.BILINEAR).save(tmp_path / "files/copy_1.png")
    small = write_params(
        dataset=dataset_section(tmp_path / "files", "ham10000"),
        cache_images={"size_px": 37, "fit": "crop", "max_megapixels": 1},
        shards=NO_SHARDS,
        near_duplicates={"min_correlation": 0.7},
    )
    pairs, _, _ = find(tmp_path / "files", small)
    assert pairs[["image_id", "other_image_id"]].values.tolist() == [["copy_1", "original_1"]]


@needs_ham10000
def test_ham10000_has_one_lesion_under_two_numbers(tmp_path: Path, params: Path) -> None:
    (tmp_path / "files").mkdir()
    names = [path.stem for path in sorted((HAM10000 / "HAM10000_images_part_1").glob("*.jpg"))[:60]]
    for name in [*names, "ISIC_0025226", "ISIC_0030074"]:
        (file,) = HAM10000.rglob(f"{name}.jpg")
        (tmp_path / "files" / file.name).write_bytes(file.read_bytes())
    pairs, _, _ = find(tmp_path / "files", params)
    assert ["ISIC_0025226", "ISIC_0030074"] in pairs[["image_id", "other_image_id"]].values.tolist()
