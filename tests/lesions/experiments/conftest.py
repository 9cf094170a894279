"""A small project that has run, built once; each file of tests has a copy, with experiments of its own."""

import pytest

from tests.repository import Repository
from tests.small_project import build_project


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """The project; tests leave it as they find it."""
    return build_project(tmp_path_factory.mktemp("small") / "project")
