"""Tests that members of zip archives are read whole or refused, and that a bomb stays packed."""

import io
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lesions.errors import InputError
from lesions.images import zip_archive
from lesions.images.members import Place
from lesions.images.zip_archive import list_zip_members, read_zip_member
from tests.archive_files import draw_png, write_archive


def list_errors(path: Path) -> dict[str, str | None]:
    return {member.name: member.error for member in list_zip_members(str(path), "x.zip")}


def read_one(path: Path, max_bytes: int | None = None) -> bytes:
    (member,) = list_zip_members(str(path), path.name)
    assert member.place is not None
    return read_zip_member(str(path), member.place, max_bytes)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@settings(deadline=None, max_examples=30)
@given(data=st.binary(max_size=9999), before=st.binary(max_size=99), num_bytes=st.integers(1, 500))
def test_a_member_is_read_as_the_library_reads_it(
    method: int, data: bytes, before: bytes, num_bytes: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("zip") / "x.zip"
    with zipfile.ZipFile(path, "w", method) as packed:
        packed.writestr("é.png", data)
    # An archive may have a program before it that unpacks it.
    path.write_bytes(before + path.read_bytes())
    assert read_one(path) == data
    assert read_one(path, num_bytes) == data[:num_bytes][: len(read_one(path, num_bytes))]


def test_the_beginning_of_a_member_is_enough_to_know_its_format(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "x.zip", {"a.png": draw_png(0, 400)})
    assert read_one(path, 256) == draw_png(0, 400)[: len(read_one(path, 256))]
    assert len(read_one(path, 256)) > 200


def test_what_cannot_be_read_is_refused_by_member(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("good.png", draw_png())
        packed.writestr("bz.png", draw_png(), zipfile.ZIP_BZIP2)
        packed.writestr("bomb.png", bytes(2**21), zipfile.ZIP_DEFLATED)
        link = zipfile.ZipInfo("link.png")
        link.external_attr = 0o120777 << 16
        packed.writestr(link, "/etc/passwd")
        packed.writestr("locked.png", draw_png())
        packed.writestr("ballast.bin", bytes(range(256)) * 200)
    data = bytearray(path.read_bytes())
    at = data.rindex(b"locked.png") - 46
    data[at + 8] |= 1
    path.write_bytes(data)
    packed_bytes = next(one.compress_size for one in zipfile.ZipFile(path).infolist() if one.filename == "bomb.png")
    assert list_errors(path) == {
        "good.png": None,
        "bz.png": "is packed by a method that is not read; unpack the archive",
        "bomb.png": f"unpacks to 2,097,152 bytes from {packed_bytes:,}; at most 100 times as many are read",
        "link.png": "is a link or a device in a zip archive, which is not followed",
        "locked.png": "is encrypted; unpack the archive",
        "ballast.bin": None,
    }


def test_a_member_that_claims_the_whole_archive_is_not_read(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "x.zip", {"a.png": draw_png()})
    data = bytearray(path.read_bytes())
    at = data.rindex(b"a.png") - 46
    data[at + 20 : at + 24] = struct.pack("<I", 3_000_000)
    path.write_bytes(data)
    assert list_errors(path) == {
        "a.png": f"has 3,000,000 bytes in the archive, for {len(draw_png()):,} unpacked",
    }


def test_a_member_that_is_larger_than_it_says_is_not_unpacked_further(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "x.zip", {"a.png": bytes(1_000_000)})
    (member,) = list_zip_members(str(path), "x.zip")
    assert member.place is not None
    with pytest.raises(
        InputError, match=r"^broken: its bytes are not those of which the archive has the size and ch"
    ):
        read_zip_member(str(path), member.place._replace(num_bytes=10))


@pytest.mark.parametrize("at", [5, 40, -60, -200])
def test_a_damaged_archive_is_refused_whole_or_by_member(at: int, tmp_path: Path) -> None:
    path = write_archive(tmp_path / "x.zip", {"a.png": draw_png(0, 40)})
    whole = path.read_bytes()
    for value in (0, 255):
        data = bytearray(whole)
        data[at] = value
        path.write_bytes(data)
        try:
            assert read_one(path) == draw_png(0, 40)
        except InputError as error:
            assert str(error).startswith(("broken: ", "a zip archive that cannot be read: "))


@pytest.mark.parametrize("num_bytes", [10, 40, 200, -1, -30])
def test_an_archive_that_is_cut_short_is_refused(num_bytes: int, tmp_path: Path) -> None:
    path = write_archive(tmp_path / "x.zip", {"a.png": draw_png(0, 40)})
    path.write_bytes(path.read_bytes()[:num_bytes])
    with pytest.raises(InputError, match=r"^a zip archive that cannot be read: File is not a zip file$"):
        list(list_zip_members(str(path), "x.zip"))


def test_a_list_that_would_fill_the_memory_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_archive(tmp_path / "x.zip", {f"{n}.png": b"x" for n in range(99)})
    monkeypatch.setattr(zip_archive, "MAX_LIST_BYTES", 5000)
    with pytest.raises(InputError, match=r"its list of members has 5,\d+ bytes; at most 5,000 are read"):
        list(list_zip_members(str(path), "x.zip"))


def test_members_upon_each_other_count_together(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "x.zip", {"0.png": bytes(900_000)})
    data = path.read_bytes()
    start = data.rindex(b"PK\x01\x02")
    entry, end = data[start : data.rindex(b"PK\x05\x06")], bytearray(data[data.rindex(b"PK\x05\x06") :])
    entries = b"".join(entry.replace(b"0.png", f"{n:05}".encode()) for n in range(3))
    struct.pack_into("<HHI", end, 8, 3, 3, len(entries))
    path.write_bytes(data[:start] + entries + end)
    with pytest.raises(
        InputError, match=r"^unpacks to 2,700,000 bytes from 1,\d+; at most 100 times as many are read$"
    ):
        list(list_zip_members(str(path), "x.zip"))


def test_a_place_that_is_no_member_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(io.BytesIO(b"PK\x03\x04").getvalue())
    with pytest.raises(InputError, match=r"^broken: it does not begin where the archive's list says$"):
        read_zip_member(str(tmp_path / "x.zip"), Place("x.zip", 0, 5, crc=0))
