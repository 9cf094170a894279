"""Loading a command when it is called: all others, and what they import, are left alone.

So the help and `lesions predict` need neither the libraries of training nor the time to load them.
"""

import ast
from importlib import import_module
from pathlib import Path
from typing import Any

import typer
from typer.main import get_command

from lesions.errors import InputError
from lesions.stage.help import PlainCommand, PlainGroup

COMMANDS = (
    *("check", "compare", "demo", "doubts", "drift", "fetch", "fetch_model", "folds", "gate", "import_logits"),
    *("init", "plan", "plots", "predict", "preset", "promote", "registry", "release", "repeat", "reproduce"),
    *("score", "search", "serve", "storage", "timings", "track", "unseal", "update"),
)
"""Each is a function in a file of the same name, and a command with dashes instead of underscores."""

EXTRAS = {"search": ("train,search", "searching"), "serve": ("serve", "serving")}
TRAINING = ("train", "training")
"""The extra of the package that a command needs, and what it is for; those that are not named need `train`."""

OPTIONAL = {"optuna": EXTRAS["search"]}
"""The extra of a package that a command needs for some of its options, such as `lesions folds --run`."""


class LazyGroup(PlainGroup):
    """A program that imports the module of a command when the command is called."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of all commands."""
        return [name.replace("_", "-") for name in COMMANDS]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command that has its help and nothing else; None if there is none of that name."""
        if cmd_name not in self.list_commands(ctx):
            return None
        return PlainCommand(cmd_name, callback=None, help=_read_help(cmd_name.replace("-", "_")))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the name and the command that the arguments call, and the arguments that are left."""
        name, command, rest = super().resolve_command(ctx, args)
        ctx.invoked_subcommand = name  # for the message if it cannot be loaded
        return name, command and load_command(str(name)), rest

    def invoke(self, ctx: Any) -> Any:
        """Run a command; name the extra that has what it cannot import."""
        try:
            return super().invoke(ctx)
        except ModuleNotFoundError as error:
            package = (error.name or "").partition(".")[0]
            if package in ("lesions", "stages", ""):
                raise
            command = ctx.invoked_subcommand
            extra, purpose = OPTIONAL.get(package) or EXTRAS.get(command, TRAINING)
            raise InputError(
                f"lesions {command}: needs the {purpose} libraries, of which {package} is not installed: "
                f'pip install "lesions[{extra}]"'
            ) from error


def load_command(name: str) -> PlainCommand:
    """Import the module of a command, and return the command."""
    module = name.replace("-", "_")
    program = typer.Typer(add_completion=False)
    program.command(name, cls=PlainCommand)(getattr(import_module(f"lesions.command_line.{module}"), module))
    command = get_command(program)
    assert isinstance(command, PlainCommand)
    return command


def _read_help(module: str) -> str:
    """Return the docstring of a command without importing its module."""
    tree = ast.parse(Path(__file__).with_name(f"{module}.py").read_text(encoding="utf-8"))
    functions = (node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == module)
    return ast.get_docstring(next(functions)) or ""
