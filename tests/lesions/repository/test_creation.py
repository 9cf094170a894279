"""A repository of one's own is made whole, or nothing is written and the reason is named."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lesions.datasets.parameters import DatasetParameters
from lesions.errors import InputError
from lesions.formats.sha256 import hash_file
from lesions.parameters.section import read_section
from lesions.stage.package import LOCK, check_installed, read_lock
from lesions.tables.task import TaskParameters
from tests.builders import ROOT
from tests.own_repository import init, make_repository, write_images
from tests.repository import Repository


@pytest.fixture(autouse=True)
def in_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Git's settings of this machine are not read, and relative paths begin in the folder of the test."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.chdir(tmp_path)


def test_a_repository_has_all_that_a_run_needs_wherever_it_is(tmp_path: Path) -> None:
    images = write_images(tmp_path / "Bilder Süd")
    done = init(tmp_path / "Klinik Süd/eins zwei", "--images", images, "--ci", "github")
    assert done.exit_code == 0, done.output
    assert "image_folder: used  12 images: melanoma 6, nevus 6\n" in done.output
    assert "doubt: image_folder: neither patients nor lesions are known" in done.output
    repository = Repository(tmp_path / "Klinik Süd/eins zwei")
    repository.set_identity()
    repository.commit("Start")
    tracked = repository.run("git", "ls-files").stdout.split("\n")
    needed = (
        "dvc.yaml",
        "params.yaml",
        "lesions.lock",
        "requirements.lock",
        "requirements.txt",
        ".github/workflows/ci.yml",
    )
    assert {*needed, "stages/train.py", "own_networks/__init__.py", ".gitattributes", "README.md"} <= {*tracked}
    assert not [name for name in tracked if name.startswith("lesions/")]
    assert (
        "deps: [lesions.lock, stages, own_networks, requirements.lock]" in (repository.root / "dvc.yaml").read_text()
    )
    assert read_section(repository.root / "params.yaml", "dataset", DatasetParameters).root == str(images)
    check_installed(repository.root)
    assert "train@resnet18" in repository.dvc("stage", "list", "--name-only")
    assert repository.run("git", "status", "--porcelain").stdout == ""


def test_each_shipped_file_is_in_the_lock_with_its_hash(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "clinic").root
    files = read_lock(root / LOCK).files
    assert {name: hash_file(root / name) for name in files} == files
    assert {"params.yaml", "README.md", ".dvc/config"}.isdisjoint(files)


def test_images_in_the_folder_are_named_relative_to_it(tmp_path: Path) -> None:
    write_images(tmp_path / "clinic/data/raw/mine")
    assert init("clinic", "--images", "clinic/data/raw/mine").exit_code == 0
    assert read_section(Path("clinic/params.yaml"), "dataset", DatasetParameters).root == "data/raw/mine"
    assert (tmp_path / "clinic/data/raw/mine/nv/nv_0.png").is_file()


def test_a_table_is_described_by_its_columns_and_words(tmp_path: Path) -> None:
    images = write_images(tmp_path / "images", words=("a", "b"))
    rows = [f"{path.stem},{path.parent.name},p{n}" for n, path in enumerate(sorted(images.rglob("*.png")))]
    (images / "found.csv").write_text("\n".join(["photo,finding,who", *rows]) + "\n")
    columns = [
        part for pair in ("image_id=photo", "diagnosis=finding", "patient_id=who") for part in ("--column", pair)
    ]
    words = ["--word", "a=psoriasis", "--word", "b=melanoma", "--neither", "psoriasis"]
    done = init("clinic", "--table", "images/found.csv", *columns, *words)
    assert done.exit_code == 0, done.output
    assert "csv: used  12 images: psoriasis 6, melanoma 6\n" in done.output
    assert "doubt" not in done.output.replace("doubt: requirements.txt", "")
    dataset = read_section(Path("clinic/params.yaml"), "dataset", DatasetParameters)
    assert (dataset.names, dataset.table) == (("csv",), "found.csv")
    shipped = read_section(ROOT / "params.yaml", "task", TaskParameters).neither
    assert read_section(Path("clinic/params.yaml"), "task", TaskParameters).neither == (*shipped, "psoriasis")


def test_a_folder_of_another_repository_is_a_subdirectory_on_demand(tmp_path: Path) -> None:
    write_images(tmp_path / "images")
    outer = Repository(tmp_path / "outer")
    outer.root.mkdir()
    outer.run("git", "init", "--quiet")
    message = "outer/clinic: is in the git repository {}; name a folder elsewhere, or give --subdirectory"
    refused = init("outer/clinic", "--images", "images")
    assert message.format(outer.root.resolve()) in str(refused.exception)
    assert not (outer.root / "clinic").exists()
    assert init("outer/clinic", "--images", "images", "--subdirectory").exit_code == 0
    assert (outer.root / "clinic/.dvc").is_dir()
    assert not (outer.root / "clinic/.git").exists()


REFUSED = {
    "full --images images": (
        r"full: is not empty: data/a\.txt, mine\.txt; nothing is overwritten: name a new folder, or one that has "
        r"nothing but images in data/raw/"
    ),
    "full/mine.txt --images images": r"full/mine\.txt: is a file; name a new or an empty folder",
    "new": r"which data\? Give --images FOLDER, with a folder for each diagnosis, or --table FILE",
    "new --images nowhere": r"--images: there is no folder nowhere",
    "new --table nowhere.csv": r"--table: there is no file nowhere\.csv",
    "new --images images --column age_years=age": r"--column describes a table; give --table FILE",
    "new --table full/mine.txt --column image_id=a": (
        r"--table needs --column diagnosis=NAME, the name of its column"
    ),
    "new --table full/mine.txt --images images": (
        r"--table: full/mine\.txt is not in the folder of the images, images; move it there"
    ),
    "new --images images --column age": r"--column 'age': expected two names with = between them",
    "new --images images --word a=nevus --word a=melanoma": r"--word names 'a' twice",
    "new --images few": (
        r"few: fewer than 3 groups \(all images of one picture\), one for each split or fold, have the diagnosis "
        r"melanoma \(2\), nevus \(2\); add cases, or remove the rows of those diagnoses"
    ),
    "new --images empty": r"dataset\.root: no image files below .*/empty \(.*\)",
    "new --images images --ci github --subdirectory": (
        r"--ci github is for the root of a git repository; leave it out with --subdirectory"
    ),
    "new --images images --subdirectory": r"--subdirectory: new is in no git repository; leave the option out",
}


@pytest.mark.parametrize("arguments", REFUSED)
def test_what_cannot_be_is_refused_by_name_and_nothing_is_written(arguments: str, tmp_path: Path) -> None:
    write_images(tmp_path / "images")
    write_images(tmp_path / "few", num_per_diagnosis=2)
    (tmp_path / "empty").mkdir()
    (tmp_path / "full/data").mkdir(parents=True)
    for name in ("mine.txt", "data/a.txt"):
        (tmp_path / "full" / name).write_text("mine\n")
    before = sorted(tmp_path.rglob("*"))
    error = init(*arguments.split()).exception
    assert isinstance(error, InputError)
    assert re.fullmatch(f"({tmp_path}/)?{REFUSED[arguments]}", str(error))
    assert sorted(tmp_path.rglob("*")) == before


def test_without_git_nothing_is_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_images(tmp_path / "images")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert shutil.which("git") is None
    message = "git: there is no such program on the PATH; install git, which keeps code and results"
    assert str(init("new", "--images", "images").exception) == message


def test_unknown_names_of_folders_are_listed_with_what_explains_them(tmp_path: Path) -> None:
    write_images(tmp_path / "images", words=("nv", "mole of mine"))
    error = str(init("new", "--images", "images").exception)
    assert "mole of mine" in error
    assert "words" in error
    assert not (tmp_path / "new").exists()


def test_on_a_terminal_it_asks_for_the_images(tmp_path: Path) -> None:
    write_images(tmp_path / "images")
    ours, theirs = os.openpty()
    os.write(ours, b"1\nimages\n")
    program = "from lesions.command_line.app import app; app()"
    done = subprocess.run(
        [sys.executable, "-c", program, "init", "clinic"],
        stdin=theirs,
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    os.close(ours)
    os.close(theirs)
    assert done.returncode == 0, done.stderr
    assert "Which data?  1: a folder of images for each diagnosis  2: images and a table\n" in done.stdout
    assert read_section(tmp_path / "clinic/params.yaml", "dataset", DatasetParameters).names == ("image_folder",)
