"""Every image file is decoded once; what refuses is written down and stops nothing."""

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lesions.errors import InputError
from lesions.images.decode import DecodingParameters
from lesions.images.index import read_index
from stages import cache_images
from tests.builders import WriteParams, dataset_section

SECTION = {"size_px": 8, "fit": "crop", "max_megapixels": 1.0}


def draw(path: Path, grey: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (12, 10), grey).save(path)


def test_good_and_bad_files(tmp_path: Path, write_params: WriteParams, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lesions.images.cache.CHUNK", 2)
    root = tmp_path / "dataset"
    draw(root / "b/two.PNG", 20)
    draw(root / "a/one.jpg", 10)
    draw(root / "c/three.png", 30)
    (root / "b/cut.png").write_bytes((root / "b/two.PNG").read_bytes()[:40])
    (root / "b/empty.jpg").touch()
    (root / "b/page.jpg").write_text("<html>")
    (root / "table.csv").write_text("not an image, and not named as one")
    params = write_params(cache_images=SECTION, dataset=dataset_section(".", "ham10000"))

    cache_images.main(root, tmp_path / "images.npy", tmp_path / "images.csv", params)

    index = read_index(tmp_path / "images.csv").set_index("file")
    assert index.index.tolist() == ["a/one.jpg", "b/cut.png", "b/empty.jpg", "b/page.jpg", "b/two.PNG", "c/three.png"]
    assert index.row.dropna().to_dict() == {"a/one.jpg": 0, "b/two.PNG": 1, "c/three.png": 2}
    assert index.width_px.dropna().tolist() == [12] * 3
    assert index.height_px.dropna().tolist() == [10] * 3
    assert index.perceptual_hash.dropna().str.fullmatch("[0-9a-f]{200}").all()
    assert index.error.dropna().index.tolist() == ["b/cut.png", "b/empty.jpg", "b/page.jpg"]
    assert index.error["b/empty.jpg"] == "the file is empty (0 bytes)"
    images = np.load(tmp_path / "images.npy")
    assert images.shape == (3, 8, 8, 3)
    np.testing.assert_allclose(images[:, 0, 0, 0], [10, 20, 30], atol=1)


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
    params = write_params(cache_images=SECTION, dataset=dataset_section(".", "ham10000"))
    cache_images.main(tmp_path / "dataset", tmp_path / "images.npy", tmp_path / "images.csv", params)
    monkeypatch.setattr(cache_images, "count_processors", lambda: num_threads)
    monkeypatch.setattr("lesions.images.cache.CHUNK", chunk)
    cache_images.main(tmp_path / "dataset", tmp_path / "again.npy", tmp_path / "again.csv", params)
    assert (tmp_path / "again.npy").read_bytes() == (tmp_path / "images.npy").read_bytes()
    assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "images.csv").read_bytes()
    index = read_index(tmp_path / "images.csv")
    assert index.error.notna().sum() == 5
    assert index.row.dropna().tolist() == list(range(15))


def test_large_images_come_in_small_chunks(
    tmp_path: Path, write_params: WriteParams, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lesions.images.cache.CHUNK_BYTES", 5 * 8 * 8 * 3 - 1)
    sizes = []
    decode = cache_images.decode_chunk

    def note_size(root: Path, files: list[str], parameters: DecodingParameters) -> cache_images.Chunk:
        sizes.append(len(files))
        return decode(root, files, parameters)

    monkeypatch.setattr(cache_images, "decode_chunk", note_size)
    for n in range(9):
        draw(tmp_path / f"dataset/{n}.png", n)
    params = write_params(cache_images=SECTION, dataset=dataset_section(".", "ham10000"))
    cache_images.main(tmp_path / "dataset", tmp_path / "images.npy", tmp_path / "images.csv", params)
    assert sizes == [4, 4, 1]
    assert len(np.load(tmp_path / "images.npy")) == 9


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
    cache_images.main(
        root,
        tmp_path / "images.npy",
        tmp_path / "images.csv",
        write_params(cache_images=SECTION, dataset=dataset_section(".", "ham10000")),
    )
    index = read_index(tmp_path / "images.csv").set_index("file")
    assert sorted(index.index) == ["a.png", "broken.png", "inside.png", "outside.png"]
    assert index.error.isna().to_dict() == {
        "a.png": True,
        "broken.png": False,
        "inside.png": True,
        "outside.png": False,
    }
    assert index.error["outside.png"].startswith("a link that leaves the dataset's folder")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such a name")
def test_a_name_that_is_no_text_is_spelled_out(tmp_path: Path, write_params: WriteParams) -> None:
    draw(tmp_path / "dataset/a.png", 10)
    (tmp_path / "dataset/a.png").rename(tmp_path / "dataset/a\udcff.png")
    params = write_params(cache_images=SECTION, dataset=dataset_section(".", "ham10000"))
    cache_images.main(tmp_path / "dataset", tmp_path / "images.npy", tmp_path / "images.csv", params)
    index = read_index(tmp_path / "images.csv")
    assert index.file.tolist() == [r"a\udcff.png"]
    assert index.error.isna().all()


def test_only_the_folders_of_the_named_datasets_are_decoded(tmp_path: Path, write_params: WriteParams) -> None:
    for name in ("ham10000", "pad_ufes_20", "other"):
        draw(tmp_path / name / "a.png", 10)
    section = dataset_section(tmp_path, "ham10000", external=["pad_ufes_20"])
    cache_images.main(
        tmp_path,
        tmp_path / "images.npy",
        tmp_path / "images.csv",
        write_params(cache_images=SECTION, dataset=section),
    )
    assert read_index(tmp_path / "images.csv").file.tolist() == ["ham10000/a.png", "pad_ufes_20/a.png"]


def test_a_missing_folder_is_named(tmp_path: Path, write_params: WriteParams) -> None:
    params = write_params(cache_images=SECTION, dataset=dataset_section(".", "ham10000"))
    with pytest.raises(InputError, match=r"dataset.root: there is no folder .*nowhere"):
        cache_images.main(tmp_path / "nowhere", tmp_path / "images.npy", tmp_path / "images.csv", params)


def test_a_folder_without_images_is_named(tmp_path: Path, write_params: WriteParams) -> None:
    params = write_params(cache_images=SECTION, dataset=dataset_section(".", "ham10000"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"dataset.root: no image files below .*empty \(.bmp, .jpeg"):
        cache_images.main(tmp_path / "empty", tmp_path / "images.npy", tmp_path / "images.csv", params)
