"""Tests that encoded images in HDF5 files are read as they were written, and that nothing outside is opened."""

import tracemalloc
import zlib
from pathlib import Path

import h5py
import numpy as np
import pytest
from h5py import h5d, h5p, h5s, h5t

from lesions.errors import InputError
from lesions.images import hdf5_file
from lesions.images.hdf5_file import list_hdf5_members, stream_hdf5_members
from tests.archive_files import draw_png

PNG = draw_png()
ENDING_IN_ZEROS = PNG + bytes(7)


def list_errors(path: Path) -> dict[str, str | None]:
    return {member.name: member.error for member in list_hdf5_members(str(path), path.name)}


def read(path: Path, *names: str) -> list[bytes | str]:
    return [data if isinstance(data, bytes) else str(data) for data in stream_hdf5_members(str(path), names)]


@pytest.mark.parametrize("data", [PNG, ENDING_IN_ZEROS])
def test_every_way_to_store_bytes_gives_the_same_bytes(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.h5"
    numbers = np.frombuffer(data, np.uint8)
    with h5py.File(path, "w") as file:
        file["opaque"] = np.void(data)
        file.create_dataset("opaque in a list", data=np.array([np.void(data)]))
        file["numbers"] = numbers
        file.create_dataset("signed", data=numbers.view(np.int8))
        file.create_dataset("packed", data=numbers, compression="gzip", shuffle=True, fletcher32=True)
        file.create_dataset("lzf", data=numbers, compression="lzf")
        file.create_dataset("a/b/text", data=np.array(data, dtype=f"S{len(data)}"))
        variable = file.create_dataset("variable", (), h5py.vlen_dtype(np.uint8))
        variable[()] = numbers
    names = ["a/b/text", "lzf", "numbers", "opaque", "opaque in a list", "packed", "signed", "variable"]
    assert list_errors(path) == dict.fromkeys(names)
    assert read(path, *names) == [data] * len(names)


def test_datasets_that_are_no_encoded_image_are_refused_by_name(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["pixels"] = np.zeros((4, 4, 3), np.uint8)
        file["weights"] = np.zeros(5, np.float32)
        file["number"] = 7
        file["nothing"] = h5py.Empty("f4")
        file.create_dataset("huge", (2**40,), np.uint8)
        file.create_dataset("bomb", (2**24,), np.uint8, compression="gzip")[:] = 0
        file.create_dataset("large chunk", (9,), np.uint8, chunks=(2**24,), maxshape=(None,), compression="gzip")[
            :
        ] = 1
        file.create_group("group").create_group("empty")
    errors = list_errors(tmp_path / "x.h5")
    numbers = "not the bytes of an image; save it as JPEG or PNG"
    assert str(errors.pop("bomb")).startswith("unpacks to 16,777,216 bytes from ")
    assert str(errors.pop("large chunk")).startswith("unpacks to 16,777,216 bytes from ")
    assert errors == {
        "pixels": f"is an array of numbers (uint8, 4 × 4 × 3), {numbers}",
        "weights": f"is an array of numbers (float32, 5), {numbers}",
        "number": f"is an array of numbers (int64, one), {numbers}",
        "nothing": "is an empty dataset",
        "huge": "has 1,099,511,627,776 bytes; at most 268,435,456 are read",
    }


def test_a_chunk_that_unpacks_to_more_than_it_says_stays_packed(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        for name in ("bomb", "large"):
            one = file.create_dataset(name, (1000,), np.uint8, chunks=(1000,), compression="gzip")
            raw = zlib.compress(bytes(50_000_000)) if name == "bomb" else zlib.compress(PNG) + bytes(2_000_000)
            one.id.write_direct_chunk((0,), raw)
        twice = h5p.create(h5p.DATASET_CREATE)
        twice.set_chunk((1000,))
        twice.set_deflate()
        twice.set_deflate()
        h5d.create(file.id, b"twice", h5t.NATIVE_UINT8, h5s.create_simple((1000,)), twice)
    assert list_errors(tmp_path / "x.h5") == {"bomb": None, "large": None, "twice": "is packed more than once"}
    tracemalloc.start()
    bomb, large, twice = read(tmp_path / "x.h5", "bomb", "large", "twice")
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()
    assert bomb == "has a chunk that unpacks to more than the 1,004 bytes for which it has room"
    assert str(large).startswith("has a chunk of 2,000,")
    assert twice == "is packed more than once"


def test_nothing_leads_out_of_the_file(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "outside.h5", "w") as file:
        file["secret"] = np.frombuffer(PNG, np.uint8)
    (tmp_path / "raw.bin").write_bytes(PNG)
    layout = h5py.VirtualLayout((len(PNG),), np.uint8)
    layout[:] = h5py.VirtualSource(str(tmp_path / "outside.h5"), "secret", (len(PNG),))
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["a"] = np.void(PNG)
        file["soft"] = h5py.SoftLink("/a")
        file["external"] = h5py.ExternalLink("outside.h5", "/secret")
        file.create_virtual_dataset("virtual", layout)
        file.create_dataset(
            "stored outside", (len(PNG),), np.uint8, external=[(str(tmp_path / "raw.bin"), 0, len(PNG))]
        )
        file["group/loop"] = file["/"]
        file["group/hard"] = file["a"]
    outside = "is a dataset whose values lie in another file, which is not opened"
    assert list_errors(tmp_path / "x.h5") == {
        "a": None,
        "soft": "is a soft link in an HDF5 file, which is not followed",
        "external": "is a link to another file in an HDF5 file, which is not followed",
        "virtual": outside,
        "stored outside": outside,
        "group/hard": None,
    }
    assert read(tmp_path / "x.h5", "virtual", "stored outside") == [outside] * 2


def test_a_filter_that_is_not_built_in_is_not_looked_for(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        about = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        about.set_chunk((len(PNG),))
        about.set_filter(32004, h5py.h5z.FLAG_OPTIONAL, (0,))
        space = h5py.h5s.create_simple((len(PNG),))
        h5py.h5d.create(file.id, b"blosc", h5py.h5t.STD_U8LE, space, about)
    assert list_errors(tmp_path / "x.h5") == {"blosc": "is packed by a filter that is not read: 32004"}


def test_too_many_datasets_end_the_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        for number in range(6):
            file[str(number)] = np.void(PNG)
    monkeypatch.setattr(hdf5_file, "MAX_MEMBERS", 5)
    with pytest.raises(InputError, match=r"^an HDF5 file .* to its end: it has more than 5 datasets and groups$"):
        list_errors(tmp_path / "x.h5")


def test_what_is_no_longer_there_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        file["a"], file["c"] = np.void(PNG), np.zeros((2, 2))
    first, second, third = read(path, "a", "b", "c")
    assert first == PNG
    assert str(second).startswith("broken: ")
    assert third == "is an array of numbers (float64, 2 × 2), not the bytes of an image; save it as JPEG or PNG"
    path.write_bytes(b"no HDF5")
    assert all(str(one).startswith("broken: ") for one in read(path, "a", "b"))
    assert len(read(path, "a", "b")) == 2


@pytest.mark.parametrize("seed", range(20))
def test_a_damaged_file_gives_errors_and_nothing_else(seed: int, tmp_path: Path) -> None:
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        for number in range(9):
            file[f"g/{number}"] = np.frombuffer(PNG, np.uint8)
    data = np.frombuffer(path.read_bytes(), np.uint8).copy()
    generator = np.random.default_rng(seed)
    data[generator.integers(len(data), size=30)] = generator.integers(256, size=30)
    path.write_bytes(data[: len(data) if seed % 2 else len(data) // 2].tobytes())
    try:
        names = list(list_errors(path))
    except InputError as error:
        assert str(error).startswith("an HDF5 file that cannot be read to its end: ")
    else:
        assert len(read(path, *names)) == len(names)
