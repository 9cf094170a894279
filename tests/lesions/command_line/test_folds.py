"""What `lesions folds` refuses before it reads anything."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from lesions.command_line.app import commands
from lesions.errors import InputError
from tests.small_project import PARAMETERS


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--storage", "sqlite:///folds.db"], "--storage: has no effect without --run"),
        (["--run", "fold-0"], "--run: runs the folds of the workspace; name experiments without it"),
    ],
)
def test_options_that_would_be_ignored_are_refused(
    options: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "params.yaml").write_text(PARAMETERS)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=f"^{message}$"):
        CliRunner().invoke(commands, ["folds", *options], catch_exceptions=False)
