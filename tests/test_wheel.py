"""The wheel, installed into an environment of its own with nothing but what it asks for, predicts."""

import sys
import time
import zipfile
from pathlib import Path

import pytest

from lesions.repository.requirement import REQUIREMENTS, Requirement
from lesions.repository.shipped import list_shipped
from lesions.stage.package import SHIPPED
from tests.builders import ROOT
from tests.served import write_image, write_model
from tests.wheels import UV, build_wheel, run

MAX_BYTES = 250e6

ABSENT = ("torch", "torchvision", "dvc", "pandas", "sklearn", "scipy", "onnx", "ruamel.yaml", "matplotlib", "polars")

PROBE = f"""
import importlib.util as u
def find(name):
    try: return u.find_spec(name)
    except ModuleNotFoundError: return None
print([name for name in {ABSENT} if find(name)], bool(u.find_spec("stages")))
"""

PYTHON = """
import sys
from lesions import load_model
print([(answer.diagnosis, answer.status) for answer in load_model(sys.argv[1]).predict(sys.argv[2:])])
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of an environment that has the wheel, at the versions of the lock."""
    folder = tmp_path_factory.mktemp("environment")
    for arguments in (
        ("venv", "--quiet", "--python", sys.executable, folder / "venv"),
        ("pip", "install", "--quiet", "--python", folder / "venv", "-c", ROOT / "requirements.lock", wheel),
    ):
        done = run(UV, *arguments, cwd=folder)
        assert done.returncode == 0, done.stderr
    return folder / "venv/bin"


def test_the_wheel_has_the_package_and_nothing_beside_it(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0].partition("-")[0] for name in names} == {"lesions"}
    data = {"lesions/py.typed", "lesions/__init__.pyi", "lesions/report/page.html.j2"}
    data |= {path.relative_to(ROOT).as_posix() for path in (ROOT / "lesions/service/page").iterdir()}
    assert data <= {*names}
    assert not [name for name in names if "__pycache__" in name]


def test_the_wheel_has_all_that_a_repository_of_ones_own_gets(wheel: Path) -> None:
    brought = {*list_shipped(Requirement("lesions\n"), "none")} - {REQUIREMENTS}
    assert {"dvc.yaml", "stages/train.py", ".dvc/plots/risk.json", "data/imported/.gitignore"} <= brought
    packed = {name.removeprefix(f"{SHIPPED.as_posix()}/") for name in zipfile.ZipFile(wheel).namelist()}
    assert brought <= packed
    assert {name for name in packed if name.startswith("stages/")} <= brought


def test_a_wheel_of_the_source_distribution_has_the_same_files(wheel: Path, tmp_path: Path) -> None:
    built = run(UV, "build", "--quiet", "--offline", "--no-build-isolation", "--out-dir", tmp_path, cwd=ROOT)
    assert built.returncode == 0, built.stderr
    (again,) = tmp_path.glob("*.whl")
    assert zipfile.ZipFile(again).namelist() == zipfile.ZipFile(wheel).namelist()


def test_the_base_install_predicts_without_the_libraries_of_training(installed: Path, tmp_path: Path) -> None:
    write_model(tmp_path / "model.onnx")
    write_image(tmp_path / "red.jpg")
    assert run(installed / "python", "-c", PROBE, cwd=tmp_path).stdout == "[] False\n"
    begun = time.monotonic()
    done = run(installed / "lesions", "predict", "red.jpg", "--model", "model.onnx", cwd=tmp_path)
    seconds = time.monotonic() - begun
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1].startswith("red.jpg,ok,,melanoma,")
    in_python = run(installed / "python", "-c", PYTHON, "model.onnx", "red.jpg", cwd=tmp_path)
    assert in_python.stdout == "[('melanoma', 'ok')]\n", in_python.stderr
    size = sum(path.lstat().st_size for path in installed.parent.rglob("*") if path.is_file())
    print(f"the environment has {size / 1e6:.0f} MB; {seconds:.2f} s from start to first prediction")
    assert size < MAX_BYTES


@pytest.mark.slow
def test_the_base_install_has_help_and_a_version_and_names_the_extra(installed: Path, tmp_path: Path) -> None:
    commands = run(installed / "lesions", "--help", cwd=tmp_path)
    assert commands.returncode == 0, commands.stderr
    assert "predict" in commands.stdout
    assert run(installed / "lesions", "--version", cwd=tmp_path).stdout.startswith("lesions ")
    for name in ("check", "fetch", "score", "gate"):
        done = run(installed / "lesions", name, "x", cwd=tmp_path)
        assert done.returncode in (1, 2), done.stdout
        if done.returncode == 1:
            assert "needs the training libraries, of which" in done.stderr
            assert 'pip install "lesions[train]"' in done.stderr
    parquet = run(
        *(installed / "lesions", "predict", tmp_path, "--model", "m.onnx", "--output", "a.parquet"), cwd=tmp_path
    )
    assert parquet.returncode == 2
    assert 'pip install "lesions[parquet]"' in parquet.stderr
