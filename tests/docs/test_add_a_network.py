"""The network of docs/add-a-network.md trains, and an edit of its file retrains it alone."""

import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from lesions.networks.parameters import OwnParameters, TimmParameters, read_architecture
from tests.builders import ROOT, WriteParams, slow
from tests.repository import Repository, stages_run

PAGE = (ROOT / "docs/add-a-network.md").read_text()
FILE = "own_networks/residual.py"


def find_blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


BUILDING = ("train", "predict", "evaluate_robustness", "explain")
"""The stages that build a network."""


@pytest.fixture(scope="module")
def project(tiny: Repository, tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A clone of the tiny repository with the page's network, at a small size, in place of ResNet-18."""
    clone = tiny.clone(tmp_path_factory.mktemp("own") / "clone")
    (code,) = find_blocks("python")
    (clone.root / FILE).write_text(code)
    yaml = YAML()
    params = yaml.load(clone.root / "params.yaml")
    section = YAML(typ="safe").load(find_blocks("yaml")[-1])
    params["models"] = section["models"]
    params["architectures"] |= section["architectures"]
    params["architectures"]["small_residual"] |= {"size_px": 32}
    params["architectures"]["small_residual"]["phases"][0]["num_epochs"] = 1
    yaml.dump(params, clone.root / "params.yaml")
    return clone


def check(project: Repository) -> str:
    """What `lesions check` prints with the code of the clone, as if that was installed."""
    return project.run("lesions", "check", check=False, COLUMNS="300", PYTHONPATH=str(project.root)).stdout


@pytest.mark.slow
def test_it_trains_and_predicts_and_an_edit_of_its_file_retrains_it_alone(project: Repository) -> None:
    assert FILE in PAGE
    project.dvc("checkout", "--quiet")
    checked = check(project)
    assert "train small_residual" in checked
    ran = stages_run(project.dvc("repro"))
    assert {"train@small_residual", "predict@small_residual", "report"} <= {*ran}
    assert not {"train@custom_cnn", "predict@custom_cnn"} & {*ran}
    assert stages_run(project.dvc("repro", "--dry")) == []

    code = (project.root / FILE).read_text()
    (project.root / FILE).write_text(code.replace("Residual(32, 64)", "Residual(32, 48)"))
    assert f"{', '.join(f'{stage}@small_residual' for stage in BUILDING)}: code ({FILE})" in check(project)
    project.dvc("repro", "trace_code")
    of_the_network = [f"{stage}@small_residual" for stage in BUILDING]
    assert stages_run(project.dvc("repro", "--dry")) == sorted([*of_the_network, "report"])  # which hashes all code
    (project.root / FILE).write_text(code)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (None, f"own/residual:build: there is no file {FILE}"),
        slow("def built():\n    pass\n", f"own/residual:build: {FILE} defines no function build; it defines built"),
        slow(
            "import nonesuch\n",
            f"{FILE} cannot be imported: ModuleNotFoundError: No module named 'nonesuch' (line 1)",
        ),
    ],
    ids=["file", "function", "import"],
)
def test_check_says_what_is_wrong_with_the_file_without_a_traceback(
    project: Repository, code: str | None, message: str
) -> None:
    path = project.root / FILE
    before = path.read_text()
    path.unlink()
    if code is not None:
        path.write_text(code)
    checked = check(project)
    path.write_text(before)
    assert f"error: {message}\n" in checked
    assert "Traceback" not in checked


def read_section(write_params: WriteParams, block: str, **changes: Any) -> object:
    parsed = YAML(typ="safe").load(block)
    (name, section), *_ = parsed["architectures"].items()
    assert name in parsed["models"]
    return read_architecture(write_params(architectures={name: section | changes}), name)


def test_the_sections_of_the_page_are_valid(write_params: WriteParams, tmp_path: Path) -> None:
    of_timm, _, of_ones_own = find_blocks("yaml")
    digits = "2b4a5f7e".ljust(64, "0")
    assert isinstance(read_section(write_params, of_timm, weights_sha256=digits), TimmParameters)
    assert isinstance(read_section(write_params, of_ones_own), OwnParameters)
