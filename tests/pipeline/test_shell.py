"""No parameter is run by the shell that DVC starts for a stage."""

import re
from typing import Any

import pytest
from PIL import Image
from ruamel.yaml import YAML

from lesions.parameters.overlay import lay_over
from lesions.tables.index import read_index
from tests.builders import ROOT, slow
from tests.repository import Repository, copy_repository


def test_commands_hold_no_parameter_but_the_name_of_a_model() -> None:
    stages = YAML(typ="safe").load(ROOT / "dvc.yaml")["stages"]
    commands = [stage.get("do", stage)["cmd"] for stage in stages.values()]
    assert set(re.findall(r"\$\{.*?\}", " ".join(commands))) == {"${item}"}
    assert {stage.get("foreach") for stage in stages.values()} == {
        *(None, "${models}", "${ensembles}"),
        *("${export.models}", "${export.ensembles}"),
    }


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    return copy_repository(tmp_path_factory.mktemp("project"))


@pytest.mark.parametrize(
    "name",
    [
        'x$(touch OWNED)`touch OWNED`"; touch OWNED; "',
        slow("x'; touch OWNED; ' \\"),
        slow("${models} $HOME %PATH%"),
        slow("Klinik Zürich's (neu) #1"),
    ],
)
def test_a_folder_of_any_name_is_read_and_its_name_is_not_run(project: Repository, name: str) -> None:
    """The folder is no part of the command, and yet another with the same images is read again."""
    folder = project.root / "data/raw" / name
    for diagnosis in ("nevus", "melanoma"):
        (folder / diagnosis).mkdir(parents=True)
        Image.radial_gradient("L").save(folder / diagnosis / "a.png")
    dataset = {"names": ["image_folder"], "root": f"data/raw/{name}"}
    lay_over(project.root / "params.yaml", {"dataset": dataset})
    assert "Running stage 'prepare_metadata'" in project.dvc("repro", "prepare_metadata")
    assert read_index(project.root / "data/images.csv").file.tolist() == ["melanoma/a.png", "nevus/a.png"]
    assert "Data and pipelines are up to date." in project.dvc("status", "prepare_metadata")
    assert not list(project.root.rglob("OWNED"))


@pytest.mark.parametrize(
    ("models", "exported"),
    [
        # Leads to the files of a model that is there.
        ([";touch OWNED;/../custom_cnn"], []),
        slow([{"x;touch OWNED;": "y"}], []),
        slow({"x": "$(touch OWNED)"}, []),
        (["custom_cnn"], [";touch OWNED;/../custom_cnn"]),
    ],
    ids=str,
)
def test_the_name_of_a_model_is_refused_before_a_command_holds_it(
    fresh: Repository, models: Any, exported: Any
) -> None:
    params = fresh.root / "params.yaml"
    sections = YAML(typ="safe").load(params) | {"models": models}
    sections["export"]["models"] = exported
    YAML(typ="safe").dump(sections, params)
    for command in (["dvc", "repro", "--keep-going"], ["lesions", "check"]):
        done = fresh.run(*command, check=False)
        assert done.returncode != 0, done.stdout
    assert ("export.models" if exported else "models: expected a list of names") in done.stdout
    assert not list(fresh.root.rglob("OWNED"))
