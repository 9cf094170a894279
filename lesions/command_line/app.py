"""The program `lesions`: each command is a function in a file of the same name."""

import typer

from lesions.command_line.lazy import LazyGroup
from lesions.command_line.version import VersionOption
from lesions.project.root import enter_root
from lesions.stage.failure import DebugOption, one_paragraph_errors

commands = typer.Typer(cls=LazyGroup, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


def app() -> None:
    """Run the program."""
    with one_paragraph_errors():
        commands()


@commands.callback()
def main(context: typer.Context, debug: DebugOption = False, version: VersionOption = False) -> None:
    """Check, set up, time and guard the pipeline, from any folder of the project, and predict, from any folder."""
    context.obj = enter_root()
