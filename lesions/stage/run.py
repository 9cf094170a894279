"""Running the `main` of a stage from the command line."""

import inspect
import os
import signal
import sys
from collections.abc import Callable
from contextlib import nullcontext, suppress
from functools import wraps
from pathlib import Path
from types import FrameType
from typing import Annotated, Any, NoReturn

import typer

from lesions.hardware.numerics import restart_portably
from lesions.hardware.processes import read_launcher, read_processes
from lesions.parameters.hardware import HardwareParameters
from lesions.parameters.section import read_section
from lesions.stage.code import check_code_unchanged
from lesions.stage.failure import DebugOption, one_paragraph_errors
from lesions.stage.help import PlainCommand
from lesions.stage.joint import run_jointly
from lesions.stage.planned import announce_stage
from lesions.stage.timings import record_timing

CodeOption = Annotated[
    Path | None,
    typer.Option(help="The code of this stage, from trace_code; the stage fails if a file has changed since."),
]


Launch = Callable[[int], NoReturn]
"""A function that runs this program's command in so many processes, and exits with them."""


def run_stage(main: Callable[..., None], *, with_torch: bool = False, launch: Launch | None = None) -> None:
    """Run a stage with its arguments from the command line, and record how long it took.

    Parameters
    ----------
    with_torch
        Whether the stage computes with torch. If `hardware.numerics` is portable, its process is then started once
        more, in the environment that torch needs for it.
    launch
        How the stage runs in several processes; without it, the stage runs in one, whatever `hardware.num_processes`.
    """
    program = build_program(main, with_torch=with_torch, launch=launch)
    if launcher := read_launcher():
        with run_jointly(read_processes(), launcher):
            program()
    else:
        exit_on_signals()
        with one_paragraph_errors():
            program()


def build_program(
    main: Callable[..., None], *, with_torch: bool = False, launch: Launch | None = None
) -> typer.Typer:
    """Return the program of a stage, which has two options besides the arguments of `main`.

    `--code` names the stage's `data/code/<stage>.json`: the stage fails if a file listed there has changed, at its
    start or at its end; if `main` itself has an argument `code`, it receives the path too. `--debug` shows errors
    with their tracebacks.
    """
    signature = inspect.signature(main)
    reads_code = "code" in signature.parameters

    @wraps(main)
    def checked_main(*, debug: bool, **arguments: Any) -> None:
        if with_torch:
            hardware = read_section(arguments["params"], "hardware", HardwareParameters)
            if hardware.numerics == "portable":
                restart_portably()
            if launch and hardware.num_processes > 1 and read_launcher() is None:
                launch(hardware.num_processes)
        code = arguments["code"] if reads_code else arguments.pop("code")
        stage, processes = name_stage(arguments.get("model")), read_processes()
        if processes.is_first:
            announce_stage(stage)
        checks_code = code is not None and processes.local_rank == 0
        with record_timing(stage) if processes.is_first else nullcontext():
            if checks_code:
                check_code_unchanged(code)
            main(**arguments)
            if checks_code:
                check_code_unchanged(code)

    options = [inspect.Parameter("debug", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=DebugOption)]
    if not reads_code:
        options.append(inspect.Parameter("code", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=CodeOption))
    # typer reads the options from the signature.
    checked_main.__signature__ = signature.replace(parameters=[*signature.parameters.values(), *options])  # type: ignore[attr-defined]
    program = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    program.command(cls=PlainCommand)(checked_main)
    return program


def name_stage(model: str | None) -> str:
    """Return the name of the stage that runs, with the name of its model if it has one."""
    # DVC_STAGE includes the model's name; if dvc.yaml is in another folder, a path and a colon precede it.
    if stage := os.environ.get("DVC_STAGE"):
        return stage.rpartition(":")[2]
    called = Path(sys.argv[0]).stem
    return f"{called}@{model}" if model else called


def exit_on_signals() -> None:
    """Let Ctrl-C, SIGTERM and a closed terminal end this program as `exit_on_signal` says.

    A closed terminal is ignored if it was before: that is what `nohup` is for.
    """
    numbers = [signal.SIGINT, signal.SIGTERM]
    if os.name == "posix" and signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    for number in numbers:
        signal.signal(number, exit_on_signal)


def exit_on_signal(number: int, _: FrameType | None) -> None:
    """Exit on a signal by raising SystemExit, which removes temporary files and releases locks."""
    name = signal.Signals(number).name
    with suppress(OSError):  # the terminal may be closed
        print(f"stopped by {name}; no partial file is left; run the same command again", file=sys.stderr, flush=True)
    sys.exit(128 + number)
