"""Tests that a file or a folder is written completely or not at all, and replaces only what it may."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from lesions.formats.atomic import atomic_folder, atomic_path, write_text
from tests.builders import ROOT


class InterruptError(Exception):
    pass


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_an_interrupted_file_leaves_the_old_one_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(InterruptError), atomic_path(path) as temporary:
        temporary.write_text("half")
        raise InterruptError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_finished_file_replaces_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.txt"
    for text in ("first", "second"):
        with atomic_path(path) as temporary:
            temporary.write_text(text)
        assert path.read_text() == text
    assert list(path.parent.iterdir()) == [path]


def test_an_interrupted_folder_leaves_the_old_one_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    folder.mkdir()
    (folder / "old").touch()
    with pytest.raises(InterruptError), atomic_folder(folder) as temporary:
        (temporary / "half").touch()
        raise InterruptError
    assert [path.relative_to(tmp_path).as_posix() for path in sorted(tmp_path.rglob("*"))] == ["a", "a/old"]


def test_a_finished_folder_replaces_the_old_one(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    for name in ("first", "second"):
        with atomic_folder(folder) as temporary:
            (temporary / name).touch()
        assert [path.name for path in folder.iterdir()] == [name]
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.parametrize(("umask", "mode"), [(0o077, 0o700), (0o022, 0o755), (0o002, 0o775)])
def test_the_mode_follows_the_umask(tmp_path: Path, umask: int, mode: int) -> None:
    before = os.umask(umask)
    try:
        with atomic_folder(tmp_path / "folder"):
            pass
        write_text(tmp_path / "file", "x")
    finally:
        os.umask(before)
    assert (tmp_path / "folder").stat().st_mode & 0o777 == mode
    assert (tmp_path / "file").stat().st_mode & 0o777 == mode & 0o666


@pytest.mark.parametrize("through", ["relative", "absolute", "two", "to nothing"])
def test_a_link_stays_and_its_file_is_replaced(tmp_path: Path, through: str) -> None:
    (tmp_path / "kept").mkdir()
    target, link = tmp_path / "kept/params.yaml", tmp_path / "params.yaml"
    if through != "to nothing":
        target.write_text("old")
    link.symlink_to(target if through == "absolute" else "kept/params.yaml")
    if through == "two":
        (tmp_path / "second.yaml").symlink_to("params.yaml")
        link = tmp_path / "second.yaml"
    write_text(link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"
    assert names(target.parent) == ["params.yaml"]


def test_a_link_to_a_folder_stays_and_its_folder_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "kept/old").mkdir(parents=True)
    (tmp_path / "link").symlink_to("kept", target_is_directory=True)
    with atomic_folder(tmp_path / "link") as temporary:
        (temporary / "new").touch()
    assert (tmp_path / "link").is_symlink()
    assert names(tmp_path) == ["kept", "link"]
    assert names(tmp_path / "kept") == ["new"]


def test_a_link_into_the_cache_of_dvc_is_replaced_and_the_cache_stays(tmp_path: Path) -> None:
    cached, link = tmp_path / "cached", tmp_path / "link"
    cached.write_text("old")
    cached.chmod(0o444)
    link.symlink_to(cached)
    write_text(link, "new")
    assert (cached.read_text(), link.read_text(), link.is_symlink()) == ("old", "new", False)


def test_a_link_that_leads_to_itself_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    write_text(tmp_path / "a", "new")
    assert (tmp_path / "a").read_text() == "new"


def test_a_pipe_is_written_into(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    for name in ("pipe", "link"):
        received: list[str] = []
        reader = threading.Thread(target=lambda into=received: into.append((tmp_path / "pipe").read_text()))
        reader.start()
        write_text(tmp_path / name, "new")
        reader.join()
        assert received == ["new"]
    assert (tmp_path / "pipe").is_fifo()
    assert names(tmp_path) == ["link", "pipe"]


def test_a_device_is_written_into(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/dev/null")
    write_text(tmp_path / "link", "new")
    write_text(Path("/dev/null"), "new")
    assert Path("/dev/null").is_char_device()
    with pytest.raises(OSError, match="No space left on device: '/dev/full'"):
        write_text(Path("/dev/full"), "new")
    assert Path("/dev/full").is_char_device()


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "link"])
@pytest.mark.parametrize("to_file", [True, False])
def test_standard_output_is_written_into(tmp_path: Path, name: str, to_file: bool) -> None:
    (tmp_path / "link").symlink_to("/dev/stdout")
    code = f"""
from pathlib import Path
from lesions.formats.atomic import write_text
print("before", flush=True)
write_text(Path({name!r}), "text\\n")
print("after")
"""
    command, environment = [sys.executable, "-c", code], os.environ | {"PYTHONPATH": str(ROOT)}
    if to_file:
        with (tmp_path / "printed").open("w") as printed:
            subprocess.run(command, cwd=tmp_path, env=environment, stdout=printed, check=True)
        assert (tmp_path / "printed").read_text() == "before\ntext\nafter\n"
    else:
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
        assert done.stdout == "before\ntext\nafter\n"


KILLED = """
import os, signal, sys
from pathlib import Path
from lesions.formats.atomic import atomic_folder, atomic_path
with atomic_path(Path("images.npy")) as file, atomic_folder(Path("pictures")) as folder:
    file.write_text("half")
    (folder / "half").touch()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_the_next_writer_removes_what_a_killed_one_left(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED], cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)})
    assert len(names(tmp_path)) == 2
    running = f".images.npy.{os.getppid()}.tmp"
    others = [running, ".images.npy.mine.tmp", ".other.npy.1.tmp"]
    for name in others:
        (tmp_path / name).touch()
    write_text(tmp_path / "images.npy", "whole")
    with atomic_folder(tmp_path / "pictures"):
        pass
    assert names(tmp_path) == sorted([*others, "images.npy", "pictures"])


@pytest.mark.parametrize(
    "path",
    [".a.1.tmp", "metrics/.a.json.1.tmp", "plots/x/.a.1.tmp", "data/raw/.a.1.tmp", "data/pictures/.a.1.tmp/half.png"],
)
def test_git_ignores_temporary_files_everywhere(path: str) -> None:
    done = subprocess.run(["git", "check-ignore", "--quiet", path], cwd=ROOT, check=False)
    assert done.returncode == 0
