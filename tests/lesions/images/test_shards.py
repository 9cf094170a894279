"""Images in shards are the images of the array, for every way of asking, or refused by the shard's name."""

import json
import re
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lesions.errors import InputError
from lesions.images.opening import ShardParameters, open_images
from lesions.images.shards import Images
from lesions.parameters.section import validate_section
from tests.builders import ROOT
from tests.shards import IN_SHARD, draw_images, open_shards, write_shards
from tests.small_disk import needs_small_disk, run_on_small_disk

PIXELS = draw_images()
IMAGE_BYTES = PIXELS[0].nbytes


@pytest.fixture(autouse=True)
def resume_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LESIONS_RESUME_DIR", str(tmp_path / "resume"))
    return tmp_path / "resume/shards"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def index(tmp_path: Path, store: Path) -> Path:
    return write_shards(tmp_path, PIXELS, str(store))


def assert_right(images: Images, rows: Any) -> None:
    np.testing.assert_array_equal(images[rows], PIXELS[rows])
    assert images[rows].dtype == np.uint8


def find_shard(index: Path, store: Path, row: int) -> Path:
    return store / f"{bytes(np.load(index)['shard'][row]).hex()}.npy"


@pytest.mark.parametrize("local_gb", [0, 5 * IMAGE_BYTES / 1e9, 1])
def test_every_way_of_asking_is_answered_as_the_array_does(index: Path, store: Path, local_gb: float) -> None:
    images = open_shards(index, str(store), local_gb=local_gb)
    assert (images.shape, images.nbytes, len(images)) == (PIXELS.shape, PIXELS.nbytes, len(PIXELS))

    @settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
    @given(
        st.one_of(
            st.integers(-20, 19),
            st.integers(0, 19).map(np.int64),
            st.slices(20),
            arrays(np.int64, st.integers(0, 30), elements=st.integers(0, 19)),
        )
    )
    def ask(rows: Any) -> None:
        assert_right(images, rows)

    ask()
    for row in (20, -21):
        with pytest.raises(IndexError):
            images[row]


def test_a_shard_is_an_array_whose_name_is_its_sha256(index: Path, store: Path) -> None:
    shards = sorted(store.iterdir())
    assert [path.stem for path in shards] == [sha256(path.read_bytes()).hexdigest() for path in shards]
    assert sorted(len(np.load(path)) for path in shards) == [4, IN_SHARD, IN_SHARD]
    table = np.load(index)
    assert [bytes(image) for image in table["image"]] == [sha256(image.tobytes()).digest() for image in PIXELS]
    np.testing.assert_array_equal(np.load(find_shard(index, store, 19))[3], PIXELS[19])


def test_as_many_images_are_kept_as_allowed_and_these_need_no_shard(
    index: Path, store: Path, resume_folder: Path
) -> None:
    images = open_shards(index, str(store), local_gb=5.5 * IMAGE_BYTES / 1e9)
    assert_right(images, np.array([7, 3, 3]))
    assert_right(images, slice(None))
    (kept,) = resume_folder.glob("*.kept")
    assert np.fromfile(kept, bool).nonzero()[0].tolist() == [0, 1, 2, 3, 7]
    first = find_shard(index, store, 0)
    head = first.read_bytes()[:128]
    for path in store.iterdir():
        path.unlink()
    first.write_bytes(head)  # an opened index looks at the size of the images
    again = open_shards(index, str(store), local_gb=5.5 * IMAGE_BYTES / 1e9)
    assert_right(again, np.array([0, 1, 2, 3, 7]))


def test_an_image_that_is_damaged_in_the_local_copy_is_read_again(
    index: Path, store: Path, resume_folder: Path
) -> None:
    assert_right(open_shards(index, str(store), local_gb=1), slice(None))
    (pixels,) = resume_folder.glob("*.pixels")
    pixels.write_bytes(bytes(pixels.stat().st_size // 2))
    images = open_shards(index, str(store), local_gb=1)
    assert_right(images, slice(None))
    shutil.rmtree(store)
    assert_right(images, slice(None))


def test_copies_of_other_images_are_removed_and_who_reads_one_goes_on(
    index: Path, store: Path, tmp_path: Path, resume_folder: Path
) -> None:
    images = open_shards(index, str(store), local_gb=1)
    assert_right(images, slice(10))
    (tmp_path / "other").mkdir()
    other = write_shards(tmp_path / "other", PIXELS[:4], str(store))
    assert_right(open_shards(other, str(store), local_gb=1), slice(4))
    assert_right(images, slice(None))
    assert len([*resume_folder.iterdir()]) == 2


def test_several_processes_share_one_copy_and_its_limit(index: Path, store: Path, resume_folder: Path) -> None:
    """As the processes of one training, which start at the same time."""
    script = (
        "from tests.shards import *; import sys\nimages = open_shards(Path(sys.argv[1]), sys.argv[2], local_gb=2e-6)"
    )
    script += "\nassert all((images[row] == draw_images()[row]).all() for row in range(20))"
    command = [sys.executable, "-c", script, str(index), str(store)]
    processes = [subprocess.Popen(command, cwd=ROOT) for _ in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]
    (kept,) = resume_folder.glob("*.kept")
    assert 10 <= np.fromfile(kept, bool).sum() <= 10 + len(processes)
    assert len([*resume_folder.iterdir()]) == 2


@needs_small_disk
def test_a_full_disk_keeps_no_more_images_and_says_so_once(index: Path, store: Path, tmp_path: Path) -> None:
    script = "from tests.shards import *; import sys\n"
    script += "images = open_shards(Path(sys.argv[1]), sys.argv[2], local_gb=1)\n"
    script += "assert all((images[:] == draw_images()).all() for _ in range(2)); print('right')"
    command = (sys.executable, "-c", script, str(index), str(store))
    done = run_on_small_disk(tmp_path, "4k", *command, LESIONS_RESUME_DIR="small")
    assert (done.returncode, done.stdout) == (0, "right\n"), done.stderr
    assert re.fullmatch(
        r"warning: small/shards/\w{16}\.pixels: No space left on device; no more images are kept there\n", done.stderr
    )


@pytest.mark.parametrize("damage", ["truncated", "changed", "other"])
def test_a_damaged_shard_is_refused_by_its_name(damage: str, index: Path, store: Path) -> None:
    shard = find_shard(index, store, 12)
    data = shard.read_bytes()
    other = find_shard(index, store, 0).read_bytes()
    shard.write_bytes({"truncated": data[:-1], "changed": data[:-1] + b"\0", "other": other}[damage])
    images = open_shards(index, str(store))
    assert_right(images, slice(8))
    with pytest.raises(InputError) as error:
        images[np.array([2, 15])]
    assert str(error.value) == (
        f"{store}/{shard.name}: truncated or changed since cache_images wrote it: the image in row 15 of {index} has "
        "another sha256; `dvc repro --force --single-item cache_images` writes it again"
    )


def test_a_missing_shard_is_refused_by_its_name(index: Path, store: Path) -> None:
    shard = find_shard(index, store, 9)
    shard.unlink()
    with pytest.raises(InputError, match=rf"^{store}/{shard.name}: a shard of .*cannot be read: .*found"):
        open_shards(index, str(store))[9]


def test_what_is_no_shard_is_refused_when_the_images_are_opened(index: Path, store: Path) -> None:
    shard = find_shard(index, store, 0)
    shard.write_bytes(b"x" * 500)
    with pytest.raises(InputError, match=rf"^{store}/{shard.name}: not a shard of images \(the magic string .*\)$"):
        open_shards(index, str(store))
    np.save(shard, PIXELS[:8].astype(np.float64))
    with pytest.raises(InputError, match=r"not a shard of images \(images of shape \[8, 8, 3\], float64\)$"):
        open_shards(index, str(store))


def test_an_index_needs_an_address(index: Path) -> None:
    with pytest.raises(InputError) as error:
        open_shards(index, None)
    params = index.with_name("0.yaml")
    assert str(error.value) == (
        f"{index}: an index of shards, and shards.address in {params} is null: set it to where they are"
    )


def test_an_array_needs_no_section_and_anything_else_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "images.npy", PIXELS)
    np.testing.assert_array_equal(open_images(tmp_path / "images.npy", tmp_path / "none.yaml"), PIXELS)
    np.save(tmp_path / "images.npy", np.zeros(3))
    with pytest.raises(InputError, match=r"images.npy: neither images nor an index of shards; run the stage cache_"):
        open_images(tmp_path / "images.npy", tmp_path / "none.yaml")


def test_an_index_without_images_is_refused(tmp_path: Path, store: Path) -> None:
    index = write_shards(tmp_path, PIXELS[:0], str(store))
    with pytest.raises(InputError, match=r"images.npy: has no images$"):
        open_shards(index, str(store))


@pytest.mark.parametrize(
    ("section", "message"),
    [
        *(
            (
                {"address": address, "local_gb": 0},
                f"s3://bucket/prefix or an absolute folder, got {address!r}",
            )
            for address in (
                "s3://",
                "s3:///x",
                "shards",
                "gs://bucket/x",
                "simplecache::s3://bucket/x",
                "s3://a/b://c",
            )
        ),
        ({"address": None, "local_gb": 1}, "local_gb belongs to an address; got address null, local_gb 1"),
        ({"address": "/x", "local_gb": -1}, "shards.local_gb: expected a number >= 0, got -1"),
    ],
)
def test_parameters_that_cannot_be_are_refused(section: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        validate_section(Path("params.yaml"), "shards", json.loads(json.dumps(section)), ShardParameters)


def test_a_missing_package_is_named(index: Path, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore", None)
    with pytest.raises(InputError) as error:
        open_shards(index, str(store))
    assert str(error.value) == (
        f"shards.address is {store}, which needs the package obstore; install it with `pip install "
        '"lesions[train,s3]"`'
    )
