"""Help in which an option that takes no value does not look as if it took one."""

from typing import Any

from typer.core import TyperCommand, TyperGroup


class _WithPlainFlags:
    """Shows no type, such as `<bool>`, behind a flag."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the options and arguments, those that typer adds included."""
        params: list[Any] = super().get_params(ctx)  # type: ignore[misc]
        for param in params:
            if getattr(param, "is_flag", False):
                param.metavar = ""
        return params


class PlainCommand(_WithPlainFlags, TyperCommand):
    """A command whose help shows no type behind a flag."""


class PlainGroup(_WithPlainFlags, TyperGroup):
    """A program of several commands whose help shows no type behind a flag."""
