"""Whatever lies in a dataset's folder, each file is counted once, and `lesions check` foresees what the run does."""

import json
import os
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lesions.datasets.parameters import DatasetParameters
from lesions.datasets.reading import Reading, read_dataset
from lesions.images.files import find_image_files
from lesions.images.folders import is_image_name
from lesions.images.undecoded import describe_undecoded
from lesions.parameters.section import read_section
from lesions.tables.index import build_index, read_index
from stages import cache_images
from tests.archive_files import write_archive
from tests.builders import NO_SHARDS, dataset_section

FOLDERS = (
    "",
    "melanoma/",
    "nevus/",
    "melanoma/P1/",
    "train/nevus/",
    "Test/melanoma/",
    "masks/",
    "@eaDir/",
    "mole/",
    ".x/",
    "all.zip/",
    "all.zip/nevus/",
    "melanoma/more.tgz/",
    "keys.hdf5/nevus/",
)
NAMES = ("1", "2", "1_2", "1_mask", "1_thumb", "1_left", " 1", "2 ", "A17", "._1")
SUFFIXES = (".jpg", ".png", ".JPG", ".jfif", ".heic", ".gif", ".txt")
KINDS = ("photograph", "photograph", "copy", "black", "broken", "empty", "pipe", "broken link", "link", "folder link")

PICTURES = [
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (9, 9, 3), dtype=np.uint8)) for seed in range(40)
]


def write_file(path: Path, kind: str, number: int, root: Path) -> None:
    """Write a file of some kind, unless there is one already."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if os.path.lexists(path):
        return
    if kind in ("photograph", "copy", "black"):
        picture = PICTURES[number if kind == "photograph" else 0] if kind != "black" else Image.new("L", (9, 9))
        picture.save(path, "PNG")
    elif kind in ("broken", "empty"):
        path.write_bytes(b"broken" if kind == "broken" else b"")
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        outside = root.parent / "outside"
        path.symlink_to({"broken link": outside / "nowhere.jpg", "link": outside / "far.png"}.get(kind, outside))


files = st.lists(
    st.tuples(st.sampled_from(FOLDERS), st.sampled_from(NAMES), st.sampled_from(SUFFIXES), st.sampled_from(KINDS)),
    min_size=1,
    max_size=40,
)


def pack_archives(root: Path) -> set[str]:
    """Replace each folder with the name of an archive by one of its files; return those with names of images."""
    packed = set()
    for name in ("all.zip", "melanoma/more.tgz", "keys.hdf5"):
        folder = root / name
        files = [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink()]
        members = {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
        shutil.rmtree(folder, ignore_errors=True)
        if members:
            write_archive(folder, members)
            packed |= {f"{name}/{member}" for member in members if name == "keys.hdf5" or is_image_name(member)}
    return packed


def list_files(root: Path) -> set[str]:
    """List all files with the names of images, without following links, as this test knows them."""
    paths = [Path(parent, name) for parent, _, names in os.walk(root) for name in names if is_image_name(name)]
    return {path.relative_to(root).as_posix() for path in paths if not path.is_dir()}


def count_files(reading: Reading) -> dict[str, Counter[str]]:
    """Return how often each file is used, passed over, unlisted, or of a row that is not used."""
    unused = {row["image_id"] for row in reading.unused if row["kind"] in ("refused", "left_out")}
    used = set(reading.table.file) if len(reading.table) else set()
    of_rows = [
        file for file in reading.rows.images.files if file not in used and reading.rows.to_image_id(file) in unused
    ]
    return {
        "used": Counter(used),
        "unused": Counter(of_rows),
        "passed_over": Counter(row["value"] for row in reading.select("passed_over")),
        "unlisted": Counter(row["value"] for row in reading.select("unlisted")),
    }


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(files=files, names=st.sets(st.sampled_from(NAMES), min_size=1), only=st.booleans(), by_table=st.booleans())
def test_each_file_is_counted_once(
    files: list[tuple[str, str, str, str]],
    names: set[str],
    only: bool,
    by_table: bool,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    work = tmp_path_factory.mktemp("work")
    root = work / "dataset"
    write_file(work / "outside/far.png", "photograph", 39, root)
    write_file(root / "melanoma/always.png", "photograph", 38, root)
    for number, (folder, name, suffix, kind) in enumerate(files):
        write_file(root / f"{folder}{name}{suffix}", kind, number % 38, root)
    packed = pack_archives(root)
    section = dataset_section(root, "image_folder", only_photographs=only)
    if by_table:
        (root / "table.csv").write_text("photo,finding\n" + "".join(f"{name}.jpg,nevus\n" for name in sorted(names)))
        columns = {"image_id": "photo", "diagnosis": "finding"}
        section |= {"names": ["csv"], "table": "table.csv", "columns": columns}
    params = work / "params.yaml"
    decoding = {"size_px": 8, "fit": "crop", "max_megapixels": 1}
    params.write_text(json.dumps({"cache_images": decoding, "dataset": section, "shards": NO_SHARDS}))
    parameters = read_section(params, "dataset", DatasetParameters)
    cache_images.main(work / "images.npy", work / "images.csv", params)
    index = read_index(work / "images.csv")
    assert len(np.load(work / "images.npy")) == index.row.notna().sum()

    foreseen_index = build_index(describe_undecoded(root, find_image_files(root)))
    assert foreseen_index.file.tolist() == index.file.tolist()
    run, foreseen = (
        read_dataset(root, section["names"][0], parameters, images=one) for one in (index, foreseen_index)
    )
    for reading in (run, foreseen):
        counts = count_files(reading)
        total = sum(counts.values(), Counter())
        assert set(total.values()) == {1}
        assert set(total) == set(index.file)
    assert list_files(root) | packed <= set(index.file)
    run_counts, foreseen_counts = count_files(run), count_files(foreseen)
    for kind in ("passed_over", "unlisted"):
        assert run_counts[kind] == foreseen_counts[kind]
    decoded = set(index.file[index.row.notna()])
    assert set(run_counts["used"]) == set(foreseen_counts["used"]) & decoded
