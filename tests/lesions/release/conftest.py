"""A project that is ready to be released, built once; each test has a copy."""

from pathlib import Path

import pytest

from tests.released_project import Project, build_project


@pytest.fixture(scope="session")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project; tests leave it as they find it."""
    return build_project(tmp_path_factory.mktemp("ready"))


@pytest.fixture
def project(ready: Project, tmp_path: Path) -> Project:
    """A copy of it with its remotes."""
    return ready.copy(tmp_path / "project")
