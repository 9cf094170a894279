"""Tests that every image file of a folder is found once, and what cannot be read is named."""

import os
import socket
from pathlib import Path

import pytest

from lesions.errors import InputError
from lesions.images.files import ImageFiles, find_image_files
from lesions.images.folders import FolderWalk


def touch(folder: Path, *files: str) -> Path:
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(b"x")
    return folder


def link(path: Path, target: Path | str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)


def errors(files: ImageFiles) -> dict[str, str | None]:
    return {one.file: one.error for one in files.found if one.passed_over is None}


def passed_over(files: ImageFiles) -> dict[str, str]:
    return {one.file: one.passed_over for one in files.found if one.passed_over is not None}


def test_links_inside_and_outside_the_folder_are_followed(tmp_path: Path) -> None:
    root = touch(tmp_path / "root", "a.jpg")
    touch(tmp_path / "elsewhere", "b.jpg", "deep/c.jpg")
    link(root / "inside.jpg", "a.jpg")
    link(root / "outside.jpg", tmp_path / "elsewhere/b.jpg")
    link(root / "folder", tmp_path / "elsewhere")
    files = find_image_files(root)
    assert files.readable == ["a.jpg", "folder/b.jpg", "folder/deep/c.jpg", "inside.jpg", "outside.jpg"]
    assert files.describe_links() == (
        "folder: a link to a folder, which is followed; DVC does not see what changes in it: after a change run "
        "'dvc repro --force cache_images'"
    )


def test_a_folder_of_links_alone_is_read(tmp_path: Path) -> None:
    touch(tmp_path / "elsewhere", "b.jpg")
    link(tmp_path / "root/photos", tmp_path / "elsewhere")
    assert find_image_files(tmp_path / "root").readable == ["photos/b.jpg"]


@pytest.mark.parametrize("target", [".", "..", "../..", "../other"])
def test_a_cycle_of_links_is_stepped_over(tmp_path: Path, target: str) -> None:
    root = touch(tmp_path / "root", "a/1.jpg", "other/2.jpg")
    link(root / "a/loop", target)
    files = find_image_files(root)
    assert [file for file in files.readable if "loop/root" not in file] == ["a/1.jpg", "other/2.jpg"]
    assert "a link to a folder that is read already" in passed_over(files).values()


def test_two_links_to_one_folder_are_followed_once(tmp_path: Path) -> None:
    root = touch(tmp_path / "root", "a.jpg")
    touch(tmp_path / "elsewhere", "b.jpg")
    link(root / "second", tmp_path / "elsewhere")
    link(root / "first", tmp_path / "elsewhere")
    files = find_image_files(root)
    assert files.readable == ["a.jpg", "first/b.jpg"]
    assert passed_over(files) == {"second": "a link to a folder that is read already"}


def test_links_that_lead_nowhere_are_named(tmp_path: Path) -> None:
    root = touch(tmp_path, "a.jpg")
    link(root / "broken.jpg", "nowhere.jpg")
    link(root / "round.jpg", "round.jpg")
    link(root / "device.jpg", "/dev/zero")
    assert errors(find_image_files(root)) == {
        "a.jpg": None,
        "broken.jpg": "a link to a file that is not there",
        "device.jpg": "a device, not a file",
        "round.jpg": "cannot be read: Too many levels of symbolic links",
    }


def test_pipes_and_sockets_are_never_opened(tmp_path: Path) -> None:
    root = touch(tmp_path, "a.jpg")
    for name in ("pipe.jpg", "pipe.heic"):
        os.mkfifo(root / name)
    link(root / "link.jpg", "pipe.jpg")
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(root / "socket.jpg"))
        found = errors(find_image_files(root))
    assert found == {
        "a.jpg": None,
        "link.jpg": "a FIFO, not a file",
        "pipe.heic": "a FIFO, not a file",
        "pipe.jpg": "a FIFO, not a file",
        "socket.jpg": "a socket, not a file",
    }


def test_whatever_dvc_cannot_hash_is_told_apart_from_images(tmp_path: Path) -> None:
    root = touch(tmp_path / "root", "a.jpg")
    link(root / "notes.txt", "nowhere")
    os.mkfifo(root / ".pipe")
    touch(tmp_path / "elsewhere", "b.jpg")
    link(tmp_path / "elsewhere/c.jpg", "nowhere.jpg")  # DVC does not look there
    link(root / "linked", tmp_path / "elsewhere")
    files = find_image_files(root)
    assert files.irregular == {".pipe": "a FIFO, not a file", "notes.txt": "a link to a file that is not there"}
    assert errors(files) == {
        "a.jpg": None,
        "linked/b.jpg": None,
        "linked/c.jpg": "a link to a file that is not there",
    }


def test_hidden_files_are_passed_over_and_counted(tmp_path: Path) -> None:
    files = find_image_files(touch(tmp_path, "a.jpg", "._a.jpg", ".thumbnails/a.png", "b/.trash/c.jpg", ".hidden"))
    assert files.readable == ["a.jpg"]
    assert sorted(passed_over(files)) == ["._a.jpg", ".thumbnails/a.png", "b/.trash/c.jpg"]
    assert set(passed_over(files).values()) == {"its name, or a folder's, begins with a dot"}


def test_a_folder_named_as_an_image_is_a_folder(tmp_path: Path) -> None:
    assert find_image_files(touch(tmp_path, "x.jpg/y.jpg")).readable == ["x.jpg/y.jpg"]


def refuse_to_list(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Make the system refuse to list a folder, as it does not for root."""
    scandir = os.scandir

    def refuse(path: str) -> object:
        if Path(path).name == name:
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)


def test_a_folder_that_cannot_be_read_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, "a/1.jpg", "closed/2.jpg")
    refuse_to_list(monkeypatch, "closed")
    with pytest.raises(InputError, match=r"dataset.root: the folder .*/closed cannot be read: Permission denied"):
        find_image_files(tmp_path)


@pytest.mark.parametrize("name", ["lost+found", ".Trash-1000", "System Volume Information"])
def test_a_folder_that_the_system_keeps_closed_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    touch(tmp_path, "a/1.jpg", f"{name}/2.jpg")
    refuse_to_list(monkeypatch, name)
    files = find_image_files(tmp_path)
    assert files.readable == ["a/1.jpg"]
    assert passed_over(files) == {name: "a folder of the system that cannot be read"}


def test_a_link_into_a_hidden_folder_of_links_ends(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg")
    link(tmp_path / ".hidden/up", "..")
    assert [one.file for one in FolderWalk(tmp_path, ".").find_images()] == ["a.jpg"]
