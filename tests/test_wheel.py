"""The wheel, installed into an environment of its own with nothing but what it asks for, predicts."""

import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.builders import ROOT
from tests.releases import MODEL_BYTES, NAME, publish_model, start_repository
from tests.served import write_image, write_model

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


def run(*command: str | Path, cwd: Path, **options: Any) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    return subprocess.run(
        [*map(str, command)], cwd=cwd, env=clean, capture_output=True, text=True, check=False, **options
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    built = run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    assert built.returncode == 0, built.stderr
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of an environment that has the wheel, at the versions of the lock."""
    folder = tmp_path_factory.mktemp("environment")
    uv = Path(sys.executable).with_name("uv")
    for arguments in (
        ("venv", "--quiet", "--python", sys.executable, folder / "venv"),
        ("pip", "install", "--quiet", "--python", folder / "venv", "-c", ROOT / "requirements.lock", wheel),
    ):
        done = run(uv, *arguments, cwd=folder)
        assert done.returncode == 0, done.stderr
    return folder / "venv/bin"


def test_the_wheel_has_the_package_and_nothing_beside_it(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0].partition("-")[0] for name in names} == {"lesions"}
    data = {"lesions/py.typed", "lesions/__init__.pyi", "lesions/report/page.html.j2"}
    data |= {path.relative_to(ROOT).as_posix() for path in (ROOT / "lesions/service/page").iterdir()}
    assert data <= {*names}


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


def test_the_base_install_fetches_a_released_model_without_dvc(installed: Path, tmp_path: Path) -> None:
    repository = start_repository(tmp_path / "others")
    publish_model(repository, tmp_path / "model.onnx")
    command = (installed / "lesions", "fetch-model", f"{NAME}@1.0.0", "--from", repository.root.as_uri())
    done = run("env", f"XDG_CACHE_HOME={tmp_path}/cache", *command, cwd=tmp_path)
    assert done.stderr == f"{NAME}@1.0.0, {len(MODEL_BYTES):,} bytes, made of 0000000000; not signed\n"
    assert Path(done.stdout.strip()).read_bytes() == MODEL_BYTES


@pytest.mark.slow
def test_the_base_install_has_help_and_a_version_and_names_the_extra(installed: Path, tmp_path: Path) -> None:
    commands = run(installed / "lesions", "--help", cwd=tmp_path)
    assert commands.returncode == 0, commands.stderr
    assert "predict" in commands.stdout
    assert run(installed / "lesions", "--version", cwd=tmp_path).stdout.startswith("lesions ")
    for name in ("check", "score", "gate"):
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
