"""Tests that images in archives are cached, named and matched to rows as the same images in files are."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lesions.datasets.parameters import DatasetParameters
from lesions.datasets.reading import Reading, read_dataset
from lesions.images.files import find_image_files
from lesions.images.undecoded import describe_undecoded
from lesions.parameters.section import read_parameters, read_section
from lesions.preflight.datasets import check_datasets
from lesions.preflight.findings import Findings
from lesions.tables.index import build_index, read_index
from stages import cache_images
from tests.archive_files import KINDS, draw_png, write_archive
from tests.builders import NO_SHARDS, ROOT, WriteParams, dataset_section

SECTION = {"size_px": 8, "fit": "crop", "max_megapixels": 1.0}
IMAGES = {f"part_{number % 2}/ISIC_{number}.png": draw_png(number, 20) for number in range(12)}
BROKEN = {"part_1/ISIC_3.png": draw_png()[:40], "part_0/ISIC_4.png": b"", "part_0/page.jpg": b"<html>"}
UNORDERED = dict(sorted((IMAGES | BROKEN).items(), key=lambda pair: pair[0][::-1]))


def write_files(root: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)


def cache(work: Path, params: Path) -> tuple[bytes, pd.DataFrame]:
    cache_images.main(work / "images.npy", work / "images.csv", params)
    return (work / "images.npy").read_bytes(), read_index(work / "images.csv")


@pytest.mark.parametrize("archive", KINDS)
def test_an_archive_gives_what_its_files_give(
    archive: str, tmp_path: Path, write_params: WriteParams, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lesions.images.chunks.CHUNK", 4)
    write_files(tmp_path / "unpacked", UNORDERED)
    write_archive(tmp_path / "packed" / archive, UNORDERED)
    (pixels, rows), (packed_pixels, packed_rows) = (
        cache(
            tmp_path,
            write_params(
                cache_images=SECTION, shards=NO_SHARDS, dataset=dataset_section(tmp_path / name, "ham10000")
            ),
        )
        for name in ("unpacked", "packed")
    )
    assert packed_pixels == pixels
    assert rows.row.notna().sum() == 10
    rows["file"] = f"{archive}/" + rows.file
    if archive.endswith("5"):  # HDF5 says of an empty dataset that it is empty
        empty = packed_rows.file.str.endswith("ISIC_4.png")
        assert packed_rows.error[empty].tolist() == ["is an empty dataset"]
        rows, packed_rows = rows[~empty.to_numpy()], packed_rows[~empty]
    pd.testing.assert_frame_equal(packed_rows, rows)


def read_both(root: Path, work: Path, write_params: WriteParams, **section: Any) -> tuple[Reading, Reading]:
    """Read a dataset after its images were cached, and as `lesions check` does before that."""
    section = dataset_section(root, "csv", table="table.csv", **section)
    params = write_params(cache_images=SECTION, shards=NO_SHARDS, dataset=section)
    parameters = read_section(params, "dataset", DatasetParameters)
    foreseen = build_index(describe_undecoded(root, find_image_files(root)))
    _, index = cache(work, params)
    return (
        read_dataset(root, "csv", parameters, images=index),
        read_dataset(root, "csv", parameters, images=foreseen),
    )


WORDS = ("melanoma", "nevus", "melanoma")
COLUMNS = {"image_id": "isic_id", "diagnosis": "finding"}


@pytest.mark.parametrize("archive", KINDS)
def test_rows_find_their_images_in_an_archive(archive: str, tmp_path: Path, write_params: WriteParams) -> None:
    root = tmp_path / "dataset"
    is_hdf5 = archive.endswith("5")
    images = {name.removesuffix(".png") if is_hdf5 else name: data for name, data in IMAGES.items()}
    write_archive(root / archive, images)
    rows = [f"ISIC_{number},nevus" for number in range(12)]
    (root / "table.csv").write_text("\n".join(["isic_id,finding", *rows]) + "\n")
    for reading in read_both(root, tmp_path, write_params, columns=COLUMNS):
        assert dict(zip(reading.table.image_id, reading.table.file, strict=True)) == {
            Path(name).stem: f"{archive}/{name}" for name in images
        }
        assert reading.unused == []


@pytest.mark.parametrize("cell", ["part_{}/x.png", "images.zip/part_{}/x.png"])
def test_a_row_may_name_the_path_with_or_without_the_archive(
    cell: str, tmp_path: Path, write_params: WriteParams
) -> None:
    root = tmp_path / "dataset"
    write_archive(root / "images.zip", {f"part_{number}/x.png": draw_png(number) for number in range(2)})
    (root / "table.csv").write_text(
        "\n".join(["isic_id,finding", *(f"{cell.format(number)},nevus" for number in range(2))])
    )
    for reading in read_both(root, tmp_path, write_params, columns=COLUMNS):
        assert reading.table.file.tolist() == ["images.zip/part_0/x.png", "images.zip/part_1/x.png"]


@pytest.mark.parametrize("archive", KINDS[:4])
def test_an_archive_beside_its_own_files_counts_once(archive: str, tmp_path: Path, write_params: WriteParams) -> None:
    root = tmp_path / "dataset"
    write_archive(root / archive, IMAGES)
    write_files(root, IMAGES)
    rows = [f"ISIC_{number},nevus" for number in range(12)]
    (root / "table.csv").write_text("\n".join(["isic_id,finding", *rows]) + "\n")
    for reading in read_both(root, tmp_path, write_params, columns=COLUMNS):
        assert len(reading.table) == 12
        passed_over = reading.select("passed_over")
        assert {row["reason"] for row in passed_over} == {"has the name and the bytes of another file"}
        assert sorted([*reading.table.file, *(row["value"] for row in passed_over)]) == sorted(
            [*IMAGES, *(f"{archive}/{name}" for name in IMAGES)]
        )
        assert reading.select("unlisted") == []


def test_another_image_of_the_same_name_in_an_archive_is_refused(tmp_path: Path, write_params: WriteParams) -> None:
    root = tmp_path / "dataset"
    write_archive(root / "images.zip", {"ISIC_1.png": draw_png(1)})
    write_files(root, {"ISIC_1.png": draw_png(2), "ISIC_2.png": draw_png(3)})
    (root / "table.csv").write_text("isic_id,finding\nISIC_1,nevus\nISIC_2,nevus\n")
    for reading in read_both(root, tmp_path, write_params, columns=COLUMNS):
        (refused,) = reading.select("refused")
        assert refused["reason"] == "has 2 image files of different contents"
        assert refused["detail"] == "such as ISIC_1.png and images.zip/ISIC_1.png"


@pytest.mark.parametrize("archive", ["all.zip", "deep/all.tgz"])
@pytest.mark.parametrize("above", ["", "photos/"])
def test_folders_in_an_archive_are_diagnoses(
    archive: str, above: str, tmp_path: Path, write_params: WriteParams
) -> None:
    root = tmp_path / "dataset"
    images = {f"{above}{diagnosis}/{number}.png": draw_png(number) for number, diagnosis in enumerate(WORDS)}
    write_archive(root / archive, images)
    params = write_params(cache_images=SECTION, shards=NO_SHARDS, dataset=dataset_section(root, "image_folder"))
    _, index = cache(tmp_path, params)
    reading = read_dataset(root, "image_folder", read_section(params, "dataset", DatasetParameters), images=index)
    table = reading.table.set_index("image_id")
    assert table.diagnosis.to_dict() == {"melanoma/0": "melanoma", "nevus/1": "nevus", "melanoma/2": "melanoma"}
    assert sorted(table.file) == sorted(f"{archive}/{name}" for name in images)


def test_hdf5_keys_of_several_files_are_not_taken_for_masks_of_each_other(
    tmp_path: Path, write_params: WriteParams
) -> None:
    """Without a suffix of its own, a key once had that of its file."""
    root = tmp_path / "dataset"
    for number, name in enumerate(("train.hdf5", "train-image.hdf5", "train-image-extra.h5")):
        write_archive(root / name, {f"ISIC_{number}": draw_png(number)})
    (root / "table.csv").write_text("isic_id,finding\n" + "".join(f"ISIC_{number},nevus\n" for number in range(3)))
    for reading in read_both(root, tmp_path, write_params, columns=COLUMNS):
        assert (len(reading.table), reading.unused) == (3, [])


def test_check_counts_images_in_archives_and_names_what_is_not_opened(
    tmp_path: Path, write_params: WriteParams
) -> None:
    root = tmp_path / "dataset"
    write_archive(root / "images.tgz", IMAGES | BROKEN | {"inner.zip": b"PK"})
    (root / "more.rar").write_bytes(b"Rar!")
    rows = [f"ISIC_{number},{WORDS[number % 2]}" for number in range(12)]
    (root / "table.csv").write_text("\n".join(["isic_id,finding", *rows]) + "\n")
    section = dataset_section(root, "csv", table="table.csv", columns=COLUMNS, max_rejected_fraction=0.5)
    split = read_parameters(ROOT / "params.yaml")["split"]
    findings = Findings()
    check_datasets(write_params(cache_images=SECTION, shards=NO_SHARDS, dataset=section, split=split), findings)
    assert findings.rows["images"] == "13"
    assert findings.rows["csv: rows"].startswith(
        "12: 11 valid, 1 refused, 0 left out; 1 image files that no row names"
    )
    kinds = ".zip, .tar, .tar.gz, .tgz, .hdf5, .h5"
    assert findings.rows["csv: passed over"].splitlines() == [
        "1 × is an archive in an archive, which is not opened (first: images.tgz/inner.zip)",
        f"1 × is an archive of a kind that is not opened; unpack it ({kinds} are read as they are) (first: more.rar)",
    ]
