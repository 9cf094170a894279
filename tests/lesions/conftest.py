"""Commands and experiments read the parameter file by its relative path, from another folder in each test."""

from collections.abc import Iterator

import pytest

from lesions.parameters.section import read_parameters


@pytest.fixture(autouse=True)
def forget_parameters() -> Iterator[None]:
    """What one test has read is not what the next one reads."""
    read_parameters.cache_clear()
    yield
    read_parameters.cache_clear()
