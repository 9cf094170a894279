"""A dataset is fetched file by file, and a second call goes on where the first one stopped."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

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


def test_an_unknown_dataset_is_refused_with_the_known_names() -> None:
    with pytest.raises(
        InputError, match="there is no dataset 'ham' to fetch; there are ham10000, pad_ufes_20, isic2019"
    ):
        fetch_dataset("ham", Path("x"), None)
