"""Tables in a file, and on terminals of several widths."""

import pytest
from rich.table import Column, Table

from lesions.stage.tables import print_table

NAMES = ("efficientnet_v2_s_fine_tuned", "border_probe", "metadata_probe")


@pytest.fixture
def table() -> Table:
    table = Table(Column("model", no_wrap=True), "balanced accuracy", "outcome", box=None)
    for name in NAMES:
        table.add_row(name, "0.1234", "below the floor; dropped beyond noise, regression")
    return table


@pytest.mark.parametrize("columns", ["30", "60", "80", "120"])
def test_no_name_is_broken_on_a_terminal(
    table: Table, columns: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("FORCE_COLOR", "1")
    print_table(table)
    printed = capsys.readouterr().out
    assert all(word in printed for word in (*NAMES, "balanced", "accuracy", "0.1234", "regression"))
    assert "…" not in printed


def test_no_line_is_broken_in_a_file(table: Table, capsys: pytest.CaptureFixture[str]) -> None:
    print_table(table)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 + len(NAMES)
    assert all(line.rstrip().endswith("dropped beyond noise, regression") for line in lines[1:])


def test_brackets_in_a_cell_are_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table("subgroup", box=None)
    table.add_row("camera: [/red] [bold]x")
    print_table(table)
    assert "camera: [/red] [bold]x" in capsys.readouterr().out


def test_an_empty_table_is_not_printed(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(Table("slice", "images"))
    assert capsys.readouterr().out == ""
