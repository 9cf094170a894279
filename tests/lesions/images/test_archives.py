"""Tests of which members of archives are images: the same as of files, and nothing leads out of an archive."""

from pathlib import Path

import pytest

from lesions.errors import InputError
from lesions.images.archives import LONG, find_members
from lesions.images.files import find_image_files, image_name, leave_out_archives, strip_suffix
from lesions.images.folders import FoundFile
from lesions.images.reading import find_stream, read_image_file, stream_image_files
from tests.archive_files import KINDS, draw_png, write_archive

HIDDEN = "its name, or a folder's, begins with a dot"


def read_all(root: Path, archive: str) -> dict[str, bytes | str]:
    """Return the contents of each image of an archive, or why it has none."""
    found = list(find_members(root, archive))
    readable = [one for one in found if one.is_readable]
    contents: dict[str, bytes | str] = {one.file: str(one.error or one.passed_over) for one in found}
    if readable and find_stream(readable[0]):
        for index, data in stream_image_files(root, readable):
            contents[readable[index].file] = str(data) if isinstance(data, InputError) else data
        return contents
    for one in readable:
        try:
            contents[one.file] = read_image_file(root, one)
        except InputError as error:
            contents[one.file] = str(error)
    return contents


@pytest.mark.parametrize("archive", KINDS)
def test_every_image_of_an_archive_is_read_in_place(archive: str, tmp_path: Path) -> None:
    images = {f"part_{number % 3}/ISIC_{number}.png": draw_png(number) for number in (7, 1, 4, 0, 9)}
    write_archive(tmp_path / archive, images)
    assert read_all(tmp_path, archive) == {f"{archive}/{name}": data for name, data in images.items()}
    assert [path.name for path in tmp_path.iterdir()] == [archive]


@pytest.mark.parametrize("archive", KINDS[:4])
def test_members_are_images_by_the_rules_for_files(archive: str, tmp_path: Path) -> None:
    png = draw_png()
    names = [
        "a.png",
        "./b/c.PNG",
        "metadata.csv",
        "._a.png",
        "__MACOSX/._b.png",
        "b/.cache/d.png",
        "x.gif",
        "page.jpg",
    ]
    write_archive(tmp_path / archive, dict.fromkeys(names, png) | {"x.gif": b"GIF89a", "page.jpg": b"<html>"})
    expected = {
        "a.png": png,
        "b/c.PNG": png,
        "._a.png": HIDDEN,
        "__MACOSX/._b.png": HIDDEN,
        "b/.cache/d.png": HIDDEN,
        "x.gif": "GIF, which is not read; save it as JPEG or PNG",
        "page.jpg": b"<html>",
    }
    assert read_all(tmp_path, archive) == {f"{archive}/{name}": value for name, value in expected.items()}


@pytest.mark.parametrize("archive", KINDS[1:])
def test_names_that_fill_the_memory_are_cut_off(archive: str, tmp_path: Path) -> None:
    write_archive(tmp_path / archive, {"a" * 5000 + ".png": draw_png(), "good.png": draw_png(1)})
    assert read_all(tmp_path, archive) == {f"{archive}/{'a' * 100}": LONG, f"{archive}/good.png": draw_png(1)}


def test_a_file_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "large.jpg").open("wb") as file:
        file.truncate(2**43)
    with pytest.raises(InputError, match=r"^has 8,796,093,022,208 bytes; at most 536,870,912 are read$"):
        read_image_file(tmp_path, FoundFile("large.jpg"))
    assert read_image_file(tmp_path, FoundFile("large.jpg"), 5) == bytes(5)


@pytest.mark.parametrize("archive", KINDS[:4])
@pytest.mark.parametrize("name", ["../up.png", "a/../../up.png", "/etc/up.png", "C:\\up.png", "..\\up.png"])
def test_a_name_that_leads_out_is_refused(archive: str, name: str, tmp_path: Path) -> None:
    write_archive(tmp_path / archive, {name: draw_png(), "good.png": draw_png(1)})
    read = read_all(tmp_path, archive)
    assert read.pop(f"{archive}/good.png") == draw_png(1)
    assert read == {f"{archive}/{name.replace(chr(92), '/')}": "has a name that leads out of its archive"}


@pytest.mark.parametrize("archive", KINDS[:4])
def test_archives_in_an_archive_are_told_and_not_opened(archive: str, tmp_path: Path) -> None:
    inner = write_archive(tmp_path / "elsewhere/inner.zip", {"x.png": draw_png()}).read_bytes()
    write_archive(tmp_path / archive, {"a.png": draw_png(), "deep/inner.zip": inner, "inner.7z": b"7z"})
    nested = "is an archive in an archive, which is not opened"
    assert read_all(tmp_path, archive) == {
        f"{archive}/a.png": draw_png(),
        f"{archive}/deep/inner.zip": nested,
        f"{archive}/inner.7z": nested,
    }


@pytest.mark.parametrize("archive", KINDS[:2])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_is_there_twice_is_refused_once(archive: str, tmp_path: Path) -> None:
    write_archive(tmp_path / archive, {"a.png": draw_png(), "./a.png": draw_png(1), "b.png": draw_png(2)})
    assert read_all(tmp_path, archive) == {
        f"{archive}/a.png": "is in its archive more than once",
        f"{archive}/b.png": draw_png(2),
    }


@pytest.mark.parametrize(
    ("archive", "said"),
    [
        ("a.zip", "a zip archive that cannot be read: File is not a zip file"),
        ("a.tar", "a tar archive that cannot be read to its end: invalid header"),
        ("a.tgz", "a tar archive that cannot be read to its end: Not a gzipped file (b'no')"),
        ("a.h5", "an HDF5 file that cannot be read to its end: Unable to synchronously open file"),
    ],
)
def test_what_is_no_archive_is_refused_itself(archive: str, said: str, tmp_path: Path) -> None:
    (tmp_path / archive).write_bytes(b"no archive at all" * 99)
    (found,) = find_members(tmp_path, archive)
    assert found.error is not None
    assert (found.file, found.error[: len(said)]) == (archive, said)


def test_an_archive_without_images_and_one_of_another_kind_are_passed_over(tmp_path: Path) -> None:
    write_archive(tmp_path / "code.zip", {"train.py": b"pass"})
    (tmp_path / "images.rar").write_bytes(b"Rar!")
    (tmp_path / ".hidden.zip").write_bytes(b"no zip")
    (tmp_path / "a.png").write_bytes(draw_png())
    found = {one.file: one.passed_over for one in find_image_files(tmp_path).found}
    kinds = ".zip, .tar, .tar.gz, .tgz, .hdf5, .h5"
    assert found == {
        "a.png": None,
        "code.zip": "is an archive without images",
        "images.rar": f"is an archive of a kind that is not opened; unpack it ({kinds} are read as they are)",
        ".hidden.zip": HIDDEN,
    }


def test_a_folder_with_the_name_of_an_archive_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "x.zip").mkdir()
    (tmp_path / "x.zip/a.png").write_bytes(draw_png())
    assert find_image_files(tmp_path).found == [FoundFile("x.zip/a.png")]


@pytest.mark.parametrize(
    ("file", "path", "name"),
    [
        ("train-image.hdf5/ISIC_0015670", "ISIC_0015670", "ISIC_0015670"),
        ("train-image.hdf5/a.b/ISIC_1", "a.b/ISIC_1", "ISIC_1"),
        ("raw/images.zip/part_1/x.jpg", "raw/part_1/x", "x"),
        ("images.tar.gz/x.JPG", "x", "x"),
        ("part_1/x.jpg", "part_1/x", "x"),
    ],
)
def test_an_image_is_named_as_if_its_archive_were_unpacked(file: str, path: str, name: str) -> None:
    assert (strip_suffix(file), image_name(file)) == (path, name)
    assert leave_out_archives(leave_out_archives(file)) == leave_out_archives(file)
