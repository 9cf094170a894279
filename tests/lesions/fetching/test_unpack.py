"""Tests that an archive is unpacked completely or not at all, and only into its folder."""

import stat
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pytest

from lesions.errors import InputError
from lesions.fetching import unpack as module
from lesions.fetching.unpack import unpack_archive


def pack(path: Path, **files: bytes) -> Path:
    return pack_names(path, {name.replace("__", "/"): data for name, data in files.items()})


def pack_names(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def listing(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_unpacked_files_equal_the_packed_ones(tmp_path: Path) -> None:
    unpack_archive(pack(tmp_path / "a.zip", x=b"1", deep__y=b"2"), tmp_path / "out")
    assert listing(tmp_path / "out") == {"x": b"1", "deep/y": b"2"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zip", "out"]


def test_a_single_top_folder_is_removed(tmp_path: Path) -> None:
    unpack_archive(pack(tmp_path / "a.zip", top__x=b"1", top__deep__y=b"2"), tmp_path / "out")
    assert listing(tmp_path / "out") == {"x": b"1", "deep/y": b"2"}


def test_archives_in_an_archive_become_folders(tmp_path: Path) -> None:
    inner = pack(tmp_path / "part_1.zip", part_1__a=b"1", part_1__b=b"2").read_bytes()
    unpack_archive(
        pack_names(tmp_path / "a.zip", {"images/part_1.zip": inner, "metadata.csv": b"3"}), tmp_path / "out"
    )
    assert listing(tmp_path / "out") == {"images/part_1/a": b"1", "images/part_1/b": b"2", "metadata.csv": b"3"}


@pytest.mark.parametrize("name", ["../x", "a/../../x", "/etc/x", "C:/x", "a\\..\\x"])
def test_a_name_that_leads_out_of_the_folder_is_refused_and_nothing_is_written(tmp_path: Path, name: str) -> None:
    archive = pack_names(tmp_path / "a.zip", {"good": b"1", name: b"2"})
    with pytest.raises(InputError, match="leads out of the folder into which it is unpacked"):
        unpack_archive(archive, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


def test_a_link_is_refused(tmp_path: Path) -> None:
    entry = zipfile.ZipInfo("link")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(entry, "/etc/passwd")
    with pytest.raises(InputError, match="'link' is a link or a device, not a file"):
        unpack_archive(tmp_path / "a.zip", tmp_path / "out")


def test_a_hostile_archive_inside_a_good_one_is_refused(tmp_path: Path) -> None:
    inner = pack_names(tmp_path / "inner.zip", {"../x": b"1"}).read_bytes()
    with pytest.raises(InputError, match="leads out of the folder"):
        unpack_archive(pack_names(tmp_path / "a.zip", {"inner.zip": inner, "y": b""}), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_broken_archive_inside_a_good_one_removes_the_outer_one(tmp_path: Path) -> None:
    """Otherwise it would be unpacked again instead of fetched again."""
    archive = pack_names(tmp_path / "a.zip", {"inner.zip": b"cut short", "y": b""})
    with pytest.raises(InputError, match=r"a\.zip: not a complete zip archive .*; it was removed"):
        unpack_archive(archive, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x", bytes(10_000_000))
    with pytest.raises(InputError, match=r"1 files of 10,000,000 bytes in an archive of 9,\d\d\d bytes; at most"):
        unpack_archive(tmp_path / "a.zip", tmp_path / "out")


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_FILES", 3)
    with pytest.raises(InputError, match="4 files of 4 bytes"):
        unpack_archive(pack(tmp_path / "a.zip", a=b"1", b=b"1", c=b"1", d=b"1"), tmp_path / "out")


def test_too_many_files_in_archives_in_an_archive_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_FILES", 5)
    inner = pack(tmp_path / "inner.zip", a=b"1", b=b"1").read_bytes()
    with pytest.raises(InputError, match=r"2\.zip in it: 6 files of \d+ bytes in an archive of"):
        unpack_archive(pack_names(tmp_path / "a.zip", {"1.zip": inner, "2.zip": inner}), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_repeated_name_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("x", b"1")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("x", b"2")
    with pytest.raises(InputError, match="x is both a file and a folder in it, or is in it twice"):
        unpack_archive(tmp_path / "a.zip", tmp_path / "out")


@pytest.mark.parametrize("kept", [0, 10, 60, -30])
def test_a_truncated_or_empty_archive_is_refused_and_removed(tmp_path: Path, kept: int) -> None:
    data = pack(tmp_path / "a.zip", x=b"1" * 1000, y=b"2" * 1000).read_bytes()
    (tmp_path / "a.zip").write_bytes(data[:kept])
    with pytest.raises(InputError, match=r"a\.zip: not a complete zip archive"):
        unpack_archive(tmp_path / "a.zip", tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_also_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a is both a file and a folder in it"):
        unpack_archive(pack_names(tmp_path / "a.zip", {"a": b"1", "a/b": b"2", "c": b"3"}), tmp_path / "out")


def test_a_changed_byte_is_refused(tmp_path: Path) -> None:
    data = bytearray(pack(tmp_path / "a.zip", x=b"1" * 1000).read_bytes())
    data[500] ^= 1
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(InputError, match=r"not a complete zip archive \(Bad CRC-32"):
        unpack_archive(tmp_path / "a.zip", tmp_path / "out")


def test_hidden_files_are_left_out_and_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Git would run what .git/config says, and .dvcignore would hide the images from DVC."""
    hidden = [".git/config", ".git/HEAD", "a/.git/config", ".dvc/config", ".dvcignore", "a/.dvcignore", ".GIT/config"]
    hidden += ["__MACOSX/._x.jpg", "a/.x.jpg", ".envrc", ".vscode/settings.json", "./.gitattributes"]
    archive = pack_names(tmp_path / "a.zip", {"x.jpg": b"1", "a/y.jpg": b"2"} | dict.fromkeys(hidden, b"evil"))
    unpack_archive(archive, tmp_path / "out")
    assert listing(tmp_path / "out") == {"x.jpg": b"1", "a/y.jpg": b"2"}
    printed = capsys.readouterr().out
    assert printed == f"{archive}: 12 hidden files are left out, such as '.git/config'\n"


def test_hidden_files_do_not_keep_the_top_folder(tmp_path: Path) -> None:
    unpack_archive(pack_names(tmp_path / "a.zip", {"top/x": b"1", "__MACOSX/._x": b"2"}), tmp_path / "out")
    assert listing(tmp_path / "out") == {"x": b"1"}


def test_hidden_files_of_an_archive_in_the_archive_are_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inner = pack_names(tmp_path / "inner.zip", {".git/config": b"evil", "x": b"1"}).read_bytes()
    unpack_archive(pack_names(tmp_path / "a.zip", {"inner.zip": inner, "y": b"2"}), tmp_path / "out")
    assert listing(tmp_path / "out") == {"inner/x": b"1", "y": b"2"}
    assert "a.zip, inner.zip in it: 1 hidden files are left out" in capsys.readouterr().out


def test_git_takes_no_instruction_from_an_unpacked_archive(tmp_path: Path) -> None:
    config = b"[core]\nrepositoryformatversion = 0\nfsmonitor = touch OWNED; false\n"
    repository = {".git/HEAD": b"ref: refs/heads/main\n", ".git/objects/x": b"", ".git/refs/x": b""}
    archive = pack_names(tmp_path / "a.zip", repository | {".git/config": config, "x.jpg": b"1"})
    unpack_archive(archive, tmp_path / "out")
    subprocess.run(["git", "status"], cwd=tmp_path / "out", capture_output=True, check=False)
    assert not list(tmp_path.rglob("OWNED"))
    assert listing(tmp_path / "out") == {"x.jpg": b"1"}


@pytest.mark.parametrize("files", [{}, {".git/config": b"1"}, {"folder/": b""}])
def test_an_archive_without_a_file_is_broken(tmp_path: Path, files: dict[str, bytes]) -> None:
    with pytest.raises(InputError, match=r"not a complete zip archive \(there is no file in it\); it was removed"):
        unpack_archive(pack_names(tmp_path / "a.zip", files), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name",
    ["nul", "CON.jpg", "a/aux/b.jpg", "com1.tar.gz", "lpt9", "COM².txt", "x.", "x ", "a./b", "a /b", "nul .txt"],
)
def test_a_name_that_windows_takes_for_another_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"is a name that means another file on Windows"):
        unpack_archive(pack_names(tmp_path / "a.zip", {"good": b"1", name: b"2"}), tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["console.jpg", "com10.jpg", "nullify", "auxiliary/a.jpg", "x.y.z", "a b", "ü.jpg"])
def test_a_name_that_looks_like_one_of_those_is_unpacked(tmp_path: Path, name: str) -> None:
    unpack_archive(pack_names(tmp_path / "a.zip", {"good": b"1", name: b"2"}), tmp_path / "out")
    assert listing(tmp_path / "out") == {"good": b"1", name: b"2"}


@pytest.mark.parametrize("name", ["\u200b.git/config", "a\u202egpj.exe", "a\nb", "a\x1b[2J", "\ufeffx"])
def test_a_name_with_invisible_characters_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"is a name with invisible characters") as refused:
        unpack_archive(pack_names(tmp_path / "a.zip", {"good": b"1", name: b"2"}), tmp_path / "out")
    assert str(refused.value).isprintable()


@pytest.mark.parametrize("other", ["A.jpg", "Ü.jpg", "u\u0308.jpg"])
def test_two_names_that_are_one_on_some_systems_are_refused(tmp_path: Path, other: str) -> None:
    archive = pack_names(tmp_path / "a.zip", {"a.jpg": b"1", "ü.jpg": b"2", other: b"3"})
    with pytest.raises(InputError, match="differ only by capitals or accents that are spelt in two ways"):
        unpack_archive(archive, tmp_path / "out")


def test_a_name_that_is_too_long_is_refused(tmp_path: Path) -> None:
    for name in ("x" * 300, "/".join(["folder"] * 700)):
        with pytest.raises(InputError, match=r"a\.zip: '.{79}…' is a longer name than this system allows"):
            unpack_archive(pack_names(tmp_path / "a.zip", {"good": b"1", name: b"2"}), tmp_path / "out")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("inside", [True, False])
def test_a_broken_member_removes_the_archive(tmp_path: Path, method: int, inside: bool) -> None:
    """Otherwise each further call would unpack it again, instead of fetching it again."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w", method) as archive:
        archive.writestr("x", np.random.default_rng(0).bytes(10_000))
    data = bytearray((tmp_path / "a.zip").read_bytes())
    for position in range(50, 90):
        data[position] ^= 255
    (tmp_path / "a.zip").write_bytes(data)
    if inside:
        pack_names(tmp_path / "a.zip", {"inner.zip": bytes(data), "y": b""})
    with pytest.raises(InputError, match=r"a\.zip: not a complete zip archive \(.*; it was removed") as refused:
        unpack_archive(tmp_path / "a.zip", tmp_path / "out")
    assert ".tmp" not in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_no_message_names_the_temporary_folder(tmp_path: Path) -> None:
    for files in ({"a": b"1", "a/b": b"2"}, {"CON": b"1"}, {"x" * 300: b"1"}, {"../x": b""}):
        inner = pack_names(tmp_path / "inner.zip", files).read_bytes()
        with pytest.raises(InputError, match=r"a\.zip, inner\.zip in it: ") as refused:
            unpack_archive(pack_names(tmp_path / "a.zip", {"inner.zip": inner, "y": b""}), tmp_path / "out")
        assert ".tmp" not in str(refused.value)
