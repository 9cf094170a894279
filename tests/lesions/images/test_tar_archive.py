"""Tests that members of tar archives are read whole or refused, and that a gzipped archive is read once, in order."""

import gzip
import io
import tarfile
from pathlib import Path

import pytest

from lesions.errors import InputError
from lesions.images import tar_archive
from lesions.images.members import Place
from lesions.images.tar_archive import list_tar_members, read_tar_member, stream_tar_members
from tests.archive_files import build_tar, draw_png, write_archive


def entry(name: str, kind: bytes, link: str = "") -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname = kind, link
    return made


def list_places(path: Path) -> list[Place]:
    members = list_tar_members(str(path), path.name, is_gzipped=path.suffix == ".tgz")
    return [member.place for member in members if member.place is not None]


@pytest.mark.parametrize("archive", ["x.tar", "x.tgz"])
def test_links_devices_and_sparse_files_are_refused(archive: str, tmp_path: Path) -> None:
    members: dict[str, bytes | tarfile.TarInfo] = {
        "a.png": draw_png(),
        "soft.png": entry("soft.png", tarfile.SYMTYPE, "/etc/passwd"),
        "hard.png": entry("hard.png", tarfile.LNKTYPE, "a.png"),
        "pipe.png": entry("pipe.png", tarfile.FIFOTYPE),
        "folder.png": entry("folder.png", tarfile.DIRTYPE),
    }
    data = build_tar(members)
    (tmp_path / archive).write_bytes(data if archive == "x.tar" else gzip.compress(data))
    listed = list_tar_members(str(tmp_path / archive), archive, is_gzipped=archive == "x.tgz")
    link = "is a link in a tar archive, which is not followed"
    assert {member.name: member.error for member in listed} == {
        "a.png": None,
        "soft.png": link,
        "hard.png": link,
        "pipe.png": "is no ordinary file in a tar archive",
    }


def test_a_gzipped_archive_is_unpacked_once_whatever_the_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = {f"{number}.png": draw_png(number, 30) for number in range(40)}
    path = write_archive(tmp_path / "x.tgz", images)
    places = list_places(path)
    opened: list[int] = []
    read = gzip.GzipFile.read

    def count(file: gzip.GzipFile, size: int | None = -1) -> bytes:
        data = read(file, size)
        opened.append(len(data))
        return data

    monkeypatch.setattr(gzip.GzipFile, "read", count)
    assert list(stream_tar_members(str(path), places[3:30:2])) == list(images.values())[3:30:2]
    assert sum(opened) <= len(gzip.decompress(path.read_bytes()))


def list_until_broken(path: Path) -> list[str]:
    """Return the names before the place where an archive is broken."""
    names: list[str] = []
    with pytest.raises(InputError, match=r"^a tar archive that cannot be read to its end: "):
        names += (member.name for member in list_tar_members(str(path), path.name, is_gzipped=False))
    return names


@pytest.mark.parametrize(("num_blocks", "expected"), [(0, 0), (1, 1), (2, 1), (3, 2), (4, 2), (5, 3)])
def test_an_archive_that_is_cut_short_keeps_its_first_members(num_blocks: int, expected: int, tmp_path: Path) -> None:
    """Each member has a block for its header and one for its contents."""
    whole = build_tar({f"{number}.png": bytes(512) for number in range(3)})
    path = tmp_path / "x.tar"
    path.write_bytes(whole[: 512 * num_blocks + 100])
    assert list_until_broken(path) == [f"{number}.png" for number in range(expected)]


def test_a_broken_header_in_the_middle_does_not_pass_for_the_end(tmp_path: Path) -> None:
    data = bytearray(build_tar({f"{number}.png": bytes(512) for number in range(3)}))
    data[1024:1034] = b"no header!"
    (tmp_path / "x.tar").write_bytes(data)
    assert list_until_broken(tmp_path / "x.tar") == ["0.png"]
    with pytest.raises(InputError, match=r"to its end: it ends within a header, or has a broken one$"):
        list(list_tar_members(str(tmp_path / "x.tar"), "x.tar", is_gzipped=False))


def test_an_archive_without_the_blocks_of_zeros_at_its_end_is_whole(tmp_path: Path) -> None:
    data = build_tar({"a.png": draw_png()})
    (tmp_path / "x.tar").write_bytes(data[: 512 + -(-len(draw_png()) // 512) * 512])
    assert len(list_places(tmp_path / "x.tar")) == 1


def test_a_bomb_is_unpacked_to_a_limit(tmp_path: Path) -> None:
    """3 MB of zeros take 3 KB; where they are in the archive, and whether they are an image, does not matter."""
    path = tmp_path / "x.tgz"
    path.write_bytes(gzip.compress(build_tar({"a.png": draw_png(), "zeros.bin": bytes(3_000_000), "b.png": b"x"})))
    assert path.stat().st_size < 10_000
    names = []
    with pytest.raises(
        InputError, match=r"^a tar archive that cannot be read to its end: it unpacks to more than 1,04"
    ):
        for member in list_tar_members(str(path), "x.tgz", is_gzipped=True):
            names.append(member.name)  # noqa: PERF401
    assert names == ["a.png", "zeros.bin"]


def test_a_header_that_would_fill_the_memory_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as packed:
        made = tarfile.TarInfo("a.png")
        made.pax_headers = {"comment": "x" * 2**21}
        packed.addfile(made)
    with pytest.raises(InputError, match=r"a header of 2,09\d,\d+ bytes; at most 1,048,576 are read$"):
        list(list_tar_members(str(path), "x.tar", is_gzipped=False))


@pytest.mark.parametrize(("kind", "num_bytes"), [(tarfile.REGTYPE, -512), (tarfile.GNUTYPE_LONGNAME, -1024)])
@pytest.mark.parametrize("archive", ["x.tar", "x.tgz"])
def test_a_negative_size_ends_the_list(kind: bytes, num_bytes: int, archive: str, tmp_path: Path) -> None:
    """It leads back to where the archive was read already, or asks for all that is left of it."""
    negative = tarfile.TarInfo("b.png")
    negative.type, negative.size = kind, num_bytes
    whole = build_tar({"a.png": draw_png()})
    data = whole[: 512 + -(-len(draw_png()) // 512) * 512] + negative.tobuf(tarfile.GNU_FORMAT) + bytes(10_240)
    (tmp_path / archive).write_bytes(gzip.compress(data) if archive == "x.tgz" else data)
    names = []
    with pytest.raises(InputError, match=r"^a tar archive that cannot be read to its end: "):
        for member in list_tar_members(str(tmp_path / archive), archive, is_gzipped=archive == "x.tgz"):
            names.append(member.name)  # noqa: PERF401
    assert names == ["a.png"]


def test_too_many_members_end_the_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_archive(tmp_path / "x.tar", {f"{number}.png": b"x" for number in range(5)})
    monkeypatch.setattr(tar_archive, "MAX_MEMBERS", 4)
    with pytest.raises(InputError, match=r"to its end: it has more than 4 members$"):
        list(list_tar_members(str(path), "x.tar", is_gzipped=False))


def test_what_is_no_longer_there_is_refused_by_member(tmp_path: Path) -> None:
    images = {f"{number}.png": draw_png(number, 30) for number in range(4)}
    path = write_archive(tmp_path / "x.tgz", images)
    places = list_places(path)
    write_archive(path, dict(list(images.items())[:2]))
    first, second, *lost = stream_tar_members(str(path), places)
    assert (first, second) == tuple(images.values())[:2]
    assert [str(error) for error in lost] == ["broken: the archive ends before it"] * 2
    path.write_bytes(path.read_bytes()[:-300])
    *_, last = stream_tar_members(str(path), places)
    assert str(last).startswith("broken: the archive cannot be read to its end: ")


def test_a_member_that_is_cut_short_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.tar").write_bytes(io.BytesIO(b"abc").getvalue())
    with pytest.raises(InputError, match=r"^broken: the archive ends after 2 of its 5 bytes$"):
        read_tar_member(str(tmp_path / "x.tar"), Place("x.tar", 1, 5))
