"""The help of every command and of every stage."""

import importlib
from importlib.metadata import version

import pytest
from typer import Typer
from typer.testing import CliRunner

from lesions.command_line.app import commands
from lesions.command_line.lazy import COMMANDS as FUNCTIONS
from lesions.stage.run import build_program
from tests.builders import ROOT

COMMANDS = [name.replace("_", "-") for name in FUNCTIONS]
STAGES = sorted(file.stem for file in (ROOT / "stages").glob("[!_]*.py"))


def read_help(program: Typer, *arguments: str) -> str:
    return CliRunner().invoke(program, [*arguments, "--help"], catch_exceptions=False, env={"COLUMNS": "100"}).output


@pytest.mark.parametrize("arguments", [[], *([command] for command in COMMANDS)], ids=" ".join)
def test_a_flag_of_a_command_does_not_look_as_if_it_wanted_a_value(arguments: list[str]) -> None:
    text = read_help(commands, *arguments)
    assert "--help  " in text
    assert "<bool>" not in text.lower()


@pytest.mark.parametrize("stage", STAGES)
def test_a_flag_of_a_stage_does_not_look_as_if_it_wanted_a_value(stage: str) -> None:
    text = read_help(build_program(importlib.import_module(f"stages.{stage}").main))
    assert "--debug  " in text and "--help  " in text
    assert "--params" not in text or "<path>" in text
    assert "<bool>" not in text.lower()


def test_the_version_is_that_of_the_package() -> None:
    done = CliRunner().invoke(commands, ["--version"], catch_exceptions=False)
    assert (done.exit_code, done.output) == (0, f"lesions {version('lesions')}\n")
