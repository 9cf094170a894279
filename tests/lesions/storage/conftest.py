"""A project with something to store, for all tests of storage."""

from pathlib import Path
from shutil import copytree

import pytest

from tests.repository import Repository
from tests.stores import build_store_project, push, set_remote


@pytest.fixture(scope="session")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project and its remote, a folder beside it, to which all is pushed; tests copy both."""
    folder = tmp_path_factory.mktemp("stored")
    project = build_store_project(folder / "project")
    set_remote(project, "../remote")
    push(project)
    return folder


@pytest.fixture
def project(stored: Path, tmp_path: Path) -> Repository:
    """The project, whose remote is the folder `remote` beside it, with all that it has to have."""
    copytree(stored, tmp_path / "copy", symlinks=True)
    return Repository(tmp_path / "copy/project")
