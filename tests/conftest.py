"""A parameter file of a test's own, and a repository in which the tiny preset has run."""

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.builders import WriteParams
from tests.repository import Repository, copy_repository


@pytest.fixture
def write_params(tmp_path: Path) -> WriteParams:
    """A function that writes sections into a new parameter file and returns its path."""
    written: list[Path] = []

    def write(**sections: Any) -> Path:
        written.append(tmp_path / f"params_{len(written)}.yaml")
        YAML(typ="safe", pure=True).dump(sections, written[-1])
        return written[-1]

    return write


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """The repository after `dvc repro` on the tiny preset, committed. Tests leave it as they find it."""
    repository = copy_repository(tmp_path_factory.mktemp("tiny"))
    repository.dvc("repro")
    repository.commit("Run the tiny preset")
    return repository
