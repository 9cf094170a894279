"""A table of HAM10000 whose rows a test chooses."""

from pathlib import Path

import pytest

from tests.builders import WriteParams
from tests.preparation import Case


@pytest.fixture
def case(tmp_path: Path, write_params: WriteParams) -> Case:
    return Case(tmp_path, write_params)
