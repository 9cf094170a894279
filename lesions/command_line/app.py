"""The program `lesions`: each command is a function in a file of the same name."""

import typer

from lesions.command_line.check import check
from lesions.command_line.compare import compare
from lesions.command_line.doubts import doubts
from lesions.command_line.fetch import fetch
from lesions.command_line.folds import folds
from lesions.command_line.gate import gate
from lesions.command_line.import_logits import import_logits
from lesions.command_line.plan import plan
from lesions.command_line.plots import plots
from lesions.command_line.preset import preset
from lesions.command_line.repeat import repeat
from lesions.command_line.score import score
from lesions.command_line.timings import timings
from lesions.command_line.unseal import unseal
from lesions.command_line.version import VersionOption
from lesions.project.root import enter_root
from lesions.stage.failure import DebugOption, one_paragraph_errors
from lesions.stage.help import PlainCommand, PlainGroup

commands = typer.Typer(cls=PlainGroup, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


def app() -> None:
    """Run the program."""
    with one_paragraph_errors():
        commands()


@commands.callback()
def main(context: typer.Context, debug: DebugOption = False, version: VersionOption = False) -> None:
    """Check, set up, time and guard the pipeline, from any folder of the project."""
    context.obj = enter_root()


for command in (
    *(check, compare, doubts, fetch, folds, gate, import_logits, plan),
    *(plots, preset, repeat, score, timings, unseal),
):
    commands.command(cls=PlainCommand)(command)
