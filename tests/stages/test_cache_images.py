"""Tests that every image file is decoded once, and files that cannot be decoded are listed."""

import hashlib
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lesions.errors import InputError
from lesions.images.cache import write_cache
from lesions.images.chunks import Chunk
from lesions.images.decode import DecodingParameters
from lesions.tables.index import read_index
from stages import cache_images
from tests.builders import ROOT, WriteParams, dataset_section
from tests.small_disk import needs_small_disk, run_on_small_disk

SECTION = {"size_px": 8, "fit": "crop", "max_megapixels": 1.0}


def draw(path: Path, grey: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (12, 10), grey).save(path)


def test_good_files_are_decoded_and_bad_ones_are_listed(
    tmp_path: Path, write_params: WriteParams, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lesions.images.chunks.CHUNK", 2)
    root = tmp_path / "dataset"
    draw(root / "b/two.PNG", 20)
    draw(root / "a/one.jpg", 10)
    draw(root / "c/three.png", 30)
    (root / "b/cut.png").write_bytes((root / "b/two.PNG").read_bytes()[:40])
    (root / "b/empty.jpg").touch()
    (root / "b/page.jpg").write_text("<html>")
    (root / "table.csv").write_text("not an image, and not named as one")
    params = write_params(cache_images=SECTION, dataset=dataset_section(root, "ham10000"))

    cache_images.main(tmp_path / "images.npy", tmp_path / "images.csv", params)

    index = read_index(tmp_path / "images.csv").set_index("file")
    assert index.index.tolist() == ["a/one.jpg", "b/cut.png", "b/empty.jpg", "b/page.jpg", "b/two.PNG", "c/three.png"]
    assert index.row.dropna().to_dict() == {"a/one.jpg": 0, "b/two.PNG": 4, "c/three.png": 5}
    assert index.width_px.dropna().tolist() == [12] * 3
    assert index.height_px.dropna().tolist() == [10] * 3
    assert index.perceptual_hash.dropna().str.fullmatch("[0-9a-f]{200}").all()
    assert index.error.dropna().index.tolist() == ["b/cut.png", "b/empty.jpg", "b/page.jpg"]
    assert index.error["b/empty.jpg"] == "the file is empty (0 bytes)"
    assert index.sha256.to_dict() == {
        file: hashlib.sha256((root / file).read_bytes()).hexdigest() for file in index.index
    }
    images = np.load(tmp_path / "images.npy")
    assert images.shape == (6, 8, 8, 3)
    np.testing.assert_allclose(images[:, 0, 0, 0], [10, 0, 0, 0, 20, 30], atol=1)


@pytest.mark.parametrize(("num_threads", "chunk"), [(1, 64), (5, 3), (2, 1)])
def test_threads_and_chunks_change_nothing(
    num_threads: int, chunk: int, tmp_path: Path, write_params: WriteParams, monkeypatch: pytest.MonkeyPatch
) -> None:
    generator = np.random.default_rng(0)
    for n in range(20):
        path = tmp_path / f"dataset/{n}.jpg"
        draw(path, 10 * n)
        if n % 4 == 1:
            path.write_bytes(path.read_bytes()[:-9])
        else:
            Image.fromarray(generator.integers(0, 256, (30 + n, 40, 3), dtype=np.uint8)).save(path)
    params = write_params(cache_images=SECTION, dataset=dataset_section(tmp_path / "dataset", "ham10000"))
    cache_images.main(tmp_path / "images.npy", tmp_path / "images.csv", params)
    monkeypatch.setattr(cache_images, "count_processors", lambda: num_threads)
    monkeypatch.setattr("lesions.images.chunks.CHUNK", chunk)
    cache_images.main(tmp_path / "again.npy", tmp_path / "again.csv", params)
    assert (tmp_path / "again.npy").read_bytes() == (tmp_path / "images.npy").read_bytes()
    assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "images.csv").read_bytes()
    index = read_index(tmp_path / "images.csv")
    assert index.error.notna().sum() == 5
    assert (index.row.isna() == index.error.notna()).all()
    assert (index.row.dropna() == index.index[index.error.isna()]).all()


SLOW_SECTION = SECTION | {"max_megapixels": 2.0}


def draw_slow_images(folder: Path, number: int) -> None:
    """Write an image of two megapixels of noise under `number` names."""
    pixels = np.random.default_rng(0).integers(0, 256, (2000, 1000, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(folder / "0.jpg")
    for n in range(1, number):
        (folder / f"{n}.jpg").hardlink_to(folder / "0.jpg")


def test_a_signal_leaves_no_file(tmp_path: Path, write_params: WriteParams) -> None:
    draw_slow_images(tmp_path, 300)
    params = write_params(cache_images=SLOW_SECTION, dataset=dataset_section(".", "ham10000"))
    arguments = ["--images", "out/images.npy", "--index", "out/images.csv", "--params"]
    process = subprocess.Popen(
        [sys.executable, "-m", "stages.cache_images", *arguments, params],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith("decoding: ")
    process.terminate()
    printed, complaint = process.communicate()
    assert process.returncode == 128 + signal.SIGTERM
    assert complaint == "stopped by SIGTERM; no partial file is left; run the same command again\n"
    assert "image files decoded" not in printed
    assert list((tmp_path / "out").iterdir()) == []


def test_stopping_early_decodes_only_the_chunks_already_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_images, "count_processors", lambda: 2)
    draw_slow_images(tmp_path, 100)
    chunks = [Chunk(n, [f"{n}.jpg"]) for n in range(100)]
    with write_cache(tmp_path / "images.npy", 100, 8) as cache:
        decoded = cache_images.decode_chunks(tmp_path, chunks, DecodingParameters.model_validate(SLOW_SECTION), cache)
        next(decoded)
        decoded.close()
    # Two chunks are being decoded, and at most three more wait.
    assert 0 < np.load(tmp_path / "images.npy").any(axis=(1, 2, 3)).sum() <= 6


@needs_small_disk
def test_a_full_disk_is_named_and_nothing_is_left_on_it(tmp_path: Path, write_params: WriteParams) -> None:
    for n in range(200):
        draw(tmp_path / f"dataset/{n}.png", n)
    params = write_params(cache_images=SECTION | {"size_px": 64}, dataset=dataset_section("dataset", "ham10000"))
    outputs = "--images small/images.npy --index small/images.csv"
    stage = f"{sys.executable} -m stages.cache_images {outputs} --params {params}"
    done = run_on_small_disk(tmp_path, "1m", "sh", "-c", f"{stage}; echo exits with $?; ls -A small")
    assert done.stdout.endswith("exits with 1\n")
    # Which file fills the disk depends on the threads.
    assert re.match(
        r"error: small/images\.(npy|csv): No space left on device\. All earlier files are complete", done.stderr
    )


def test_a_link_that_leaves_the_folder_is_not_followed(tmp_path: Path, write_params: WriteParams) -> None:
    root = tmp_path / "dataset"
    draw(root / "a.png", 10)
    draw(tmp_path / "private/b.png", 20)
    (root / "inside.png").symlink_to("a.png")
    (root / "outside.png").symlink_to(tmp_path / "private/b.png")
    (root / "folder").symlink_to(tmp_path / "private", target_is_directory=True)
    (root / "named as an image.png").mkdir()
    draw(root / ".system/a.png", 10)
    draw(root / "._a.png", 10)
    (root / "broken.png").symlink_to(root / "nowhere.png")
    (root / "round.png").symlink_to("round.png")
    cache_images.main(
        tmp_path / "images.npy",
        tmp_path / "images.csv",
        write_params(cache_images=SECTION, dataset=dataset_section(root, "ham10000")),
    )
    index = read_index(tmp_path / "images.csv").set_index("file")
    assert sorted(index.index) == ["a.png", "broken.png", "inside.png", "outside.png", "round.png"]
    assert index.error.isna().to_dict() == {
        "a.png": True,
        "broken.png": False,
        "inside.png": True,
        "outside.png": False,
        "round.png": False,
    }
    assert index.error["outside.png"].startswith("a link that leaves the dataset's folder")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such a name")
def test_an_invalid_file_name_is_escaped(tmp_path: Path, write_params: WriteParams) -> None:
    draw(tmp_path / "dataset/a.png", 10)
    (tmp_path / "dataset/a.png").rename(tmp_path / "dataset/a\udcff.png")
    params = write_params(cache_images=SECTION, dataset=dataset_section(tmp_path / "dataset", "ham10000"))
    cache_images.main(tmp_path / "images.npy", tmp_path / "images.csv", params)
    index = read_index(tmp_path / "images.csv")
    assert index.file.tolist() == [r"a\udcff.png"]
    assert index.error.isna().all()


def test_only_the_folders_of_the_named_datasets_are_decoded(tmp_path: Path, write_params: WriteParams) -> None:
    for name in ("ham10000", "pad_ufes_20", "other"):
        draw(tmp_path / name / "a.png", 10)
    section = dataset_section(tmp_path, "ham10000", external=["pad_ufes_20"])
    cache_images.main(
        tmp_path / "images.npy",
        tmp_path / "images.csv",
        write_params(cache_images=SECTION, dataset=section),
    )
    assert read_index(tmp_path / "images.csv").file.tolist() == ["ham10000/a.png", "pad_ufes_20/a.png"]


def test_a_missing_folder_is_named(tmp_path: Path, write_params: WriteParams) -> None:
    params = write_params(cache_images=SECTION, dataset=dataset_section(tmp_path / "nowhere", "ham10000"))
    with pytest.raises(InputError, match=r"dataset.root: there is no folder .*nowhere"):
        cache_images.main(tmp_path / "images.npy", tmp_path / "images.csv", params)


def test_a_folder_without_images_is_named(tmp_path: Path, write_params: WriteParams) -> None:
    params = write_params(cache_images=SECTION, dataset=dataset_section(tmp_path / "empty", "ham10000"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"dataset.root: no image files below .*empty \(.bmp, .jpeg"):
        cache_images.main(tmp_path / "images.npy", tmp_path / "images.csv", params)
