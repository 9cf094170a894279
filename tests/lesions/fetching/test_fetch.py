"""A dataset is fetched file by file, and a second call goes on where the first one stopped."""

import shlex
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from filelock import FileLock

from lesions.errors import InputError
from lesions.fetching.fetch import fetch_dataset
from tests.server import Server, send


def test_the_program_fetches_resumes_and_reports(server: Server, tmp_path: Path) -> None:
    """Run the program twice; the second run fetches only the archive that the first one refused."""
    archives = {}
    for name, inside in (("Test_GroundTruth", "Test_GroundTruth.csv"), ("Test_Input", "ISIC_1.jpg")):
        with zipfile.ZipFile(tmp_path / "made.zip", "w") as archive:
            archive.writestr(f"ISIC2018_Task3_{name}/{inside}", "x")
        archives[name] = (tmp_path / "made.zip").read_bytes()
        server.answers[f"/ISIC2018_Task3_{name}.zip"] = send(archives[name])
    server.answers["/ISIC2018_Task3_Test_Input.zip"] = send(archives["Test_Input"][:-30])
    command = [sys.executable, "-c", "from lesions.command_line.app import app; app()", "fetch", "isic2018_test"]
    command += ["--mirror", server.address, "--into", str(tmp_path / "raw")]

    first = subprocess.run(command, capture_output=True, text=True, check=False)
    assert first.returncode == 1
    assert "licence  CC BY-NC 4.0" in first.stdout
    assert "Codella et al. (2019)" in first.stdout
    assert "not a complete zip archive" in first.stderr
    assert [path.name for path in (tmp_path / "raw").iterdir()] == ["ISIC2018_Task3_Test_GroundTruth"]

    server.answers["/ISIC2018_Task3_Test_Input.zip"] = send(archives["Test_Input"])
    second = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "ISIC2018_Task3_Test_GroundTruth is there already" in second.stdout
    assert f"dvc add {tmp_path / 'raw'}" in second.stdout
    assert (tmp_path / "raw/ISIC2018_Task3_Test_Input/ISIC_1.jpg").read_text() == "x"
    assert not (tmp_path / "raw.download").exists()


def serve_test_set(server: Server, folder: Path) -> None:
    """Answer with the two archives of the test set of ISIC 2018."""
    for name, inside in (("Test_GroundTruth", "Test_GroundTruth.csv"), ("Test_Input", "ISIC_1.jpg")):
        with zipfile.ZipFile(folder / "made.zip", "w") as archive:
            archive.writestr(f"ISIC2018_Task3_{name}/{inside}", "x")
        server.answers[f"/ISIC2018_Task3_{name}.zip"] = send((folder / "made.zip").read_bytes())
    (folder / "made.zip").unlink()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_folder_beside_keeps_what_fetching_did_not_make(server: Server, tmp_path: Path) -> None:
    serve_test_set(server, tmp_path)
    mine = tmp_path / "photos.download"
    (mine / "unpacked").mkdir(parents=True)
    (mine / "mine.jpg").write_text("mine")
    for _ in range(2):  # the second call has nothing to fetch
        fetch_dataset("isic2018_test", tmp_path / "photos", server.address)
        assert names(mine) == ["mine.jpg", "unpacked"]
    assert names(tmp_path / "photos") == ["ISIC2018_Task3_Test_GroundTruth", "ISIC2018_Task3_Test_Input"]


def test_an_archive_of_the_users_own_is_neither_taken_nor_removed(server: Server, tmp_path: Path) -> None:
    serve_test_set(server, tmp_path)
    own = tmp_path / "photos.download/ISIC2018_Task3_Test_Input.zip"
    own.parent.mkdir()
    own.write_text("mine")
    with pytest.raises(InputError, match=r"Test_Input\.zip: is there already, and was not downloaded; move it away"):
        fetch_dataset("isic2018_test", tmp_path / "photos", server.address)
    assert own.read_text() == "mine"


def test_an_empty_folder_is_not_there_already(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with zipfile.ZipFile(tmp_path / "made.zip", "w") as archive:
        archive.writestr("zr7vgbcyr2/metadata.csv", "x")
    server.answers["/zr7vgbcyr2-1.zip"] = send((tmp_path / "made.zip").read_bytes())
    (tmp_path / "pad").mkdir()
    (tmp_path / "hidden/.dvc").mkdir(parents=True)
    for name in (".gitkeep", ".DS_Store"):
        (tmp_path / "hidden" / name).touch()
    for folder, hidden in (("pad", []), ("hidden", [".DS_Store", ".dvc", ".gitkeep"])):
        fetch_dataset("pad_ufes_20", tmp_path / folder, server.address)
        assert names(tmp_path / folder) == [*hidden, "metadata.csv"]
        assert "there already" not in capsys.readouterr().out
        fetch_dataset("pad_ufes_20", tmp_path / folder, server.address)
        assert "there already" in capsys.readouterr().out


def test_a_folder_with_other_files_is_not_taken_for_the_dataset(server: Server, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/mine.jpg").write_text("mine")
    with pytest.raises(InputError, match=r"photos: is not empty, and has no metadata\.csv; name another folder by"):
        fetch_dataset("pad_ufes_20", tmp_path / "photos", server.address)
    assert names(tmp_path / "photos") == ["mine.jpg"]
    assert server.ranges == []


def test_an_archive_that_was_unpacked_before_a_kill_is_removed(server: Server, tmp_path: Path) -> None:
    serve_test_set(server, tmp_path)
    fetch_dataset("isic2018_test", tmp_path / "raw", server.address)
    waiting = tmp_path / "raw.download"
    waiting.mkdir()
    (waiting / "ISIC2018_Task3_Test_Input.zip").write_text("whole")
    (waiting / "ISIC2018_Task3_Test_Input.zip.part.from").write_text("somewhere\n")
    fetch_dataset("isic2018_test", tmp_path / "raw", server.address)
    assert not waiting.exists()


def test_a_second_fetch_into_the_same_folder_is_refused_by_name(server: Server, tmp_path: Path) -> None:
    (tmp_path / "raw.download").mkdir()
    with (
        FileLock(tmp_path / "raw.download/.lock"),
        pytest.raises(InputError, match=r"another process, which holds .*\.lock, is fetching into .*raw"),
    ):
        fetch_dataset("isic2018_test", tmp_path / "raw", server.address)
    assert server.ranges == []


def test_a_file_in_place_of_the_folder_is_named(server: Server, tmp_path: Path) -> None:
    for name in ("raw", "raw.download"):
        (tmp_path / name).touch()
        with pytest.raises(InputError, match=rf"{name}: is a file, and .* is to be written below it"):
            fetch_dataset("isic2018_test", tmp_path / "raw", server.address)
        (tmp_path / name).unlink()


def test_the_command_to_copy_can_be_copied(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    serve_test_set(server, tmp_path)
    fetch_dataset("isic2018_test", tmp_path / "it's $(touch OWNED)", server.address)
    command = next(line for line in capsys.readouterr().out.splitlines() if "dvc add" in line).partition(":")[2]
    assert shlex.split(command) == ["dvc", "add", str(tmp_path / "it's $(touch OWNED)")]


def test_an_unknown_dataset_is_refused_with_the_known_names() -> None:
    with pytest.raises(
        InputError, match="there is no dataset 'ham' to fetch; there are ham10000, pad_ufes_20, isic2019"
    ):
        fetch_dataset("ham", Path("x"), None)
