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
from lesions.images.chunks import Chunk
from lesions.images.decode import DecodedImage, DecodingParameters, decode_image
from lesions.images.decoding_state import open_state
from lesions.images.folders import FoundFile
from lesions.images.identity import check_sources_unchanged, measure_sources
from lesions.tables.index import read_index
from stages import cache_images
from tests.builders import NO_SHARDS, ROOT, WriteParams, dataset_section
from tests.small_disk import needs_small_disk, run_on_small_disk

SECTION = {"size_px": 8, "fit": "crop", "max_megapixels": 1.0}


def draw(path: Path, grey: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.new("L", (12, 10), grey)
    image.paste(255, (10, 0, 12, 10))  # an image of one single colour is refused
    image.save(path)


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
    params = write_params(cache_images=SECTION, shards=NO_SHARDS, dataset=dataset_section(root, "ham10000"))

    cache_images.main(tmp_path / "images.npy", tmp_path / "images.csv", params)

    index = read_index(tmp_path / "images.csv").set_index("file")
    assert index.index.tolist() == ["a/one.jpg", "b/cut.png", "b/empty.jpg", "b/page.jpg", "b/two.PNG", "c/three.png"]
    assert index.row.dropna().to_dict() == {"a/one.jpg": 0, "b/two.PNG": 1, "c/three.png": 2}
    assert index.width_px.dropna().tolist() == [12] * 3
    assert index.height_px.dropna().tolist() == [10] * 3
    assert index.perceptual_hash.dropna().str.fullmatch("[0-9a-f]{200}").all()
    assert index.error.dropna().index.tolist() == ["b/cut.png", "b/empty.jpg", "b/page.jpg"]
    assert index.error["b/empty.jpg"] == "the file is empty (0 bytes)"
    assert index.sha256.to_dict() == {
        file: hashlib.sha256((root / file).read_bytes()).hexdigest() for file in index.index
    }
    images = np.load(tmp_path / "images.npy")
    assert images.shape == (3, 8, 8, 3)
    np.testing.assert_allclose(images[:, 0, 0, 0], [10, 20, 30], atol=2)


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
    params = write_params(
        cache_images=SECTION, shards=NO_SHARDS, dataset=dataset_section(tmp_path / "dataset", "ham10000")
    )
    cache_images.main(tmp_path / "images.npy", tmp_path / "images.csv", params)
    monkeypatch.setattr(cache_images, "count_processors", lambda: num_threads)
    monkeypatch.setattr("lesions.images.chunks.CHUNK", chunk)
    cache_images.main(tmp_path / "again.npy", tmp_path / "again.csv", params)
    assert (tmp_path / "again.npy").read_bytes() == (tmp_path / "images.npy").read_bytes()
    assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "images.csv").read_bytes()
    index = read_index(tmp_path / "images.csv")
    assert index.error.notna().sum() == 5
    assert (index.row.isna() == index.error.notna()).all()
    assert index.row.dropna().tolist() == list(range(15))
    assert len(np.load(tmp_path / "images.npy")) == 15


SLOW_SECTION = SECTION | {"max_megapixels": 2.0}


def draw_slow_images(folder: Path, number: int) -> None:
    """Write an image of two megapixels of noise under `number` names."""
    pixels = np.random.default_rng(0).integers(0, 256, (2000, 1000, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(folder / "0.jpg")
    for n in range(1, number):
        (folder / f"{n}.jpg").hardlink_to(folder / "0.jpg")


def test_a_signal_leaves_no_file(tmp_path: Path, write_params: WriteParams) -> None:
    (tmp_path / "dataset").mkdir()
    draw_slow_images(tmp_path / "dataset", 300)
    params = write_params(cache_images=SLOW_SECTION, shards=NO_SHARDS, dataset=dataset_section("dataset", "ham10000"))
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
    chunks = [Chunk([n], [FoundFile(f"{n}.jpg")], [None]) for n in range(100)]
    with open_state(tmp_path / "images.npy", None, num_files=100, size_px=8) as state:
        decoded = cache_images.decode_chunks(tmp_path, chunks, DecodingParameters.model_validate(SLOW_SECTION), state)
        next(decoded)
        decoded.close()
    # Two chunks are being decoded, and at most three more wait.
    assert 0 < np.load(tmp_path / "images.npy").any(axis=(1, 2, 3)).sum() <= 6


@needs_small_disk
def test_a_full_disk_is_named_and_nothing_is_left_on_it(tmp_path: Path, write_params: WriteParams) -> None:
    for n in range(200):
        draw(tmp_path / f"dataset/{n}.png", n)
    params = write_params(
        cache_images=SECTION | {"size_px": 64}, shards=NO_SHARDS, dataset=dataset_section("dataset", "ham10000")
    )
    outputs = "--images small/images.npy --index small/images.csv"
    stage = f"{sys.executable} -m stages.cache_images {outputs} --params {params}"
    done = run_on_small_disk(tmp_path, "1m", "sh", "-c", f"{stage}; echo exits with $?; ls -A small")
    assert done.stdout.endswith("exits with 1\n")
    # Which file fills the disk depends on the threads.
    assert re.match(
        r"error: small/images\.(npy|csv): No space left on device\. All earlier files are complete", done.stderr
    )


def test_a_refused_image_is_nowhere_in_the_array(tmp_path: Path, write_params: WriteParams) -> None:
    """Whatever is in the array is a decoded file, so nothing can be predicted for a refused one."""
    root = tmp_path / "dataset"
    for n in range(9):
        draw(root / f"{n}.png", 20 * n)
    for n in (0, 3, 4, 8):
        (root / f"{n}.png").write_bytes(b"broken")
    (root / "nothing.png").symlink_to("nowhere.png")
    params = write_params(cache_images=SECTION, shards=NO_SHARDS, dataset=dataset_section(root, "ham10000"))
    cache_images.main(tmp_path / "images.npy", tmp_path / "images.csv", params)
    index = read_index(tmp_path / "images.csv")
    assert (index.row.isna() == index.error.notna()).all()
    images = np.load(tmp_path / "images.npy")
    np.testing.assert_array_equal(images[index.row.dropna().astype(int), 0, 0, 0], [20, 40, 100, 120, 140])
    assert len(images) == 5


def test_what_is_not_read_is_listed_beside_what_is(
    tmp_path: Path, write_params: WriteParams, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "dataset"
    draw(root / "a.png", 10)
    draw(root / "z.png", 20)
    draw(tmp_path / "elsewhere/b.png", 30)
    draw(root / "._a.png", 10)
    (root / "c.gif").write_bytes(b"GIF89a")
    (root / "linked").symlink_to(tmp_path / "elsewhere")
    os.mkfifo(root / "pipe.jpg")
    params = write_params(cache_images=SECTION, shards=NO_SHARDS, dataset=dataset_section(root, "ham10000"))
    cache_images.main(tmp_path / "images.npy", tmp_path / "images.csv", params)
    index = read_index(tmp_path / "images.csv").set_index("file")
    assert index.index.tolist() == ["._a.png", "a.png", "c.gif", "linked/b.png", "pipe.jpg", "z.png"]
    assert index.row.dropna().to_dict() == {"a.png": 0, "linked/b.png": 1, "z.png": 2}
    assert index.error.dropna().to_dict() == {
        "c.gif": "GIF, which is not read; save it as JPEG or PNG",
        "pipe.jpg": "a FIFO, not a file",
    }
    assert index.passed_over.dropna().to_dict() == {"._a.png": "its name, or a folder's, begins with a dot"}
    shown = capsys.readouterr().out
    assert "3 of 5 image files decoded, 2 refused" in shown
    assert "linked: a link to a folder, which is followed; DVC does not see" in shown


def test_a_folder_of_other_formats_alone_gives_no_image(tmp_path: Path, write_params: WriteParams) -> None:
    (tmp_path / "dataset").mkdir()
    (tmp_path / "dataset/x.gif").write_bytes(b"x")
    params = write_params(
        cache_images=SECTION, shards=NO_SHARDS, dataset=dataset_section(tmp_path / "dataset", "ham10000")
    )
    cache_images.main(tmp_path / "images.npy", tmp_path / "images.csv", params)
    assert read_index(tmp_path / "images.csv").error.tolist() == ["GIF, which is not read; save it as JPEG or PNG"]
    assert np.load(tmp_path / "images.npy").shape == (0, 8, 8, 3)


def test_dicom_files_are_images_of_a_dataset_and_their_patients_are_in_no_table(
    tmp_path: Path, write_params: WriteParams
) -> None:
    pytest.importorskip("pydicom", reason='pydicom is not installed: pip install "lesions[dicom]"')
    from tests.dicom_files import PATIENT, write  # it needs pydicom

    (tmp_path / "dataset").mkdir()
    write(tmp_path / "dataset/ISIC_1.dcm")
    write(tmp_path / "dataset/ISIC_2.dicom", NumberOfFrames=7)
    draw(tmp_path / "dataset/ISIC_3.png", 10)
    params = write_params(
        cache_images=SECTION, shards=NO_SHARDS, dataset=dataset_section(tmp_path / "dataset", "ham10000")
    )
    cache_images.main(tmp_path / "images.npy", tmp_path / "images.csv", params)
    index = read_index(tmp_path / "images.csv").set_index("file")
    assert index.error.dropna().to_dict() == {
        "ISIC_2.dicom": "a DICOM file of 7 frames; expected one still image",
    }
    assert (index.width_px["ISIC_1.dcm"], index.height_px["ISIC_1.dcm"]) == (24, 24)
    written = (tmp_path / "images.csv").read_bytes() + (tmp_path / "images.npy").read_bytes()
    assert not [value for value in PATIENT.values() if len(value) > 1 and value.encode() in written]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such a name")
def test_an_invalid_file_name_is_escaped(tmp_path: Path, write_params: WriteParams) -> None:
    draw(tmp_path / "dataset/a.png", 10)
    (tmp_path / "dataset/a.png").rename(tmp_path / "dataset/a\udcff.png")
    params = write_params(
        cache_images=SECTION, shards=NO_SHARDS, dataset=dataset_section(tmp_path / "dataset", "ham10000")
    )
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
        write_params(cache_images=SECTION, shards=NO_SHARDS, dataset=section),
    )
    assert read_index(tmp_path / "images.csv").file.tolist() == ["ham10000/a.png", "pad_ufes_20/a.png"]


def test_a_missing_folder_is_named(tmp_path: Path, write_params: WriteParams) -> None:
    params = write_params(
        cache_images=SECTION, shards=NO_SHARDS, dataset=dataset_section(tmp_path / "nowhere", "ham10000")
    )
    with pytest.raises(InputError, match=r"dataset.root: there is no folder .*nowhere"):
        cache_images.main(tmp_path / "images.npy", tmp_path / "images.csv", params)


def test_a_folder_without_images_is_named(tmp_path: Path, write_params: WriteParams) -> None:
    params = write_params(
        cache_images=SECTION, shards=NO_SHARDS, dataset=dataset_section(tmp_path / "empty", "ham10000")
    )
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"dataset.root: no image files below .*empty \(.bmp, .jfif, .jpe, .jpeg"):
        cache_images.main(tmp_path / "images.npy", tmp_path / "images.csv", params)


def test_files_that_change_while_they_are_decoded_are_named(
    tmp_path: Path, write_params: WriteParams, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "dataset"
    draw(root / "a.png", 10)
    draw(root / "b.png", 20)
    params = write_params(cache_images=SECTION, shards=NO_SHARDS, dataset=dataset_section(root, "ham10000"))
    changes = [lambda: draw(root / "c.png", 30), lambda: draw(root / "b.png", 40)]

    def decode_and_change(data: bytes, parameters: DecodingParameters) -> DecodedImage:
        image = decode_image(data, parameters)
        if changes:
            changes.pop()()
        return image

    monkeypatch.setattr(cache_images, "decode_image", decode_and_change)
    expected = (
        f"{root}/b.png: changed while the images were decoded, and so did others (1); run `dvc repro` again once "
        "nothing writes into the folder"
    )
    with pytest.raises(InputError, match=f"^{re.escape(expected)}$"):
        cache_images.main(tmp_path / "images.npy", tmp_path / "images.csv", params)
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix != ".yaml") == ["dataset"]
    cache_images.main(tmp_path / "images.npy", tmp_path / "images.csv", params)
    assert read_index(tmp_path / "images.csv").file.tolist() == ["a.png", "b.png", "c.png"]


@pytest.mark.parametrize(("file", "said"), [("c.zip", "came"), ("b.png", "went")])
def test_a_file_that_comes_or_goes_is_said_to(tmp_path: Path, file: str, said: str) -> None:
    draw(tmp_path / "a.png", 10)
    draw(tmp_path / "b.png", 10)
    before = measure_sources(tmp_path, ["."])
    check_sources_unchanged(before, tmp_path, ["."])
    if said == "came":
        (tmp_path / file).touch()
    else:
        (tmp_path / file).unlink()
    with pytest.raises(InputError, match=rf"/{re.escape(file)}: {said} while the images were decoded; run"):
        check_sources_unchanged(before, tmp_path, ["."])
