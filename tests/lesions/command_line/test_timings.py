"""What `lesions timings` shows."""

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lesions.command_line.app import commands


def test_timings_are_shown_in_the_order_in_which_the_stages_ran(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(commands, ["timings"])
    assert "no stage has run here yet" in str(result.exception)
    (tmp_path / ".timings").mkdir()
    for second, stage in enumerate(["b", "a"]):
        path = tmp_path / f".timings/{stage}.json"
        path.write_text(f'{{"stage": "stage_{stage}", "wall_seconds": 1.25}}')
        os.utime(path, (second, second))
    output = CliRunner().invoke(commands, ["timings"]).output
    assert output.index("stage_b") < output.index("stage_a")
    assert "wall seconds" in output
