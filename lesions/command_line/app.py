"""The program `lesions`."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from lesions.command_line.preset import lay_over
from lesions.errors import InputError
from lesions.parameters.section import read_parameters
from lesions.stage.failure import DebugOption, one_paragraph_errors
from lesions.stage.timings import TIMINGS

PRESETS = Path("presets")
Params = Annotated[Path, typer.Option(help="The parameter file.")]
PARAMS = Path("params.yaml")

commands = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


def app() -> None:
    """Run the program."""
    with one_paragraph_errors():
        commands()


@commands.callback()
def main(debug: DebugOption = False) -> None:
    """Check, set up, time and guard the pipeline."""


@commands.command()
def check(params: Params = PARAMS) -> None:
    """Check every parameter, and the disk that the run will need, before anything runs."""
    from lesions.command_line.check import check_run  # imports torch, which the other commands do without

    table = Table("what", "how much", box=None, show_header=False)
    for what, how_much in check_run(params).items():
        table.add_row(what, how_much)
    Console().print(table)


@commands.command()
def fetch(
    name: Annotated[str, typer.Argument(help="A published dataset; a wrong one is answered with those there are.")],
    into: Annotated[Path | None, typer.Option(help="The folder; else data/raw/NAME.")] = None,
    mirror: Annotated[str | None, typer.Option(help="Address of a copy of its files, below which they lie.")] = None,
) -> None:
    """Download a published dataset from its official place, after its licence and how to cite it."""
    from lesions.command_line.fetch import run_fetch  # imports requests, which the other commands do without

    run_fetch(name, into or Path("data/raw") / name, mirror)


@commands.command()
def folds(
    experiments: Annotated[list[str] | None, typer.Argument(help="By name; else all that test a fold.")] = None,
    output: Annotated[Path, typer.Option(help="Written: a table of pooled predictions a model.")] = Path(
        "data/folds"
    ),
) -> None:
    """Pool the test predictions of experiments that tested the folds of one split, and score them."""
    from lesions.command_line.folds import run_folds  # imports DVC, which the other commands do without

    run_folds(experiments or [], output)


@commands.command()
def repeat(
    seeds: Annotated[int, typer.Option(min=2, help="How many: 0, 1, … are used.")] = 5,
    params: Params = PARAMS,
) -> None:
    """Train each model from several seeds, as experiments, and compare the models over them."""
    from lesions.command_line.repeat import run_repeats  # imports DVC, which the other commands do without

    run_repeats(seeds, params)


@commands.command()
def gate(
    base: Annotated[str, typer.Option(help="The revision to compare with: a branch, tag, commit or experiment.")],
    markdown: Annotated[Path | None, typer.Option(help="Written: the judgement for a pull request.")] = None,
    junit: Annotated[Path | None, typer.Option(help="Written: the judgement as JUnit XML.")] = None,
    params: Params = PARAMS,
) -> None:
    """Compare the workspace's test metrics with those of BASE, by the rules in `gate` of the parameter file.

    Leaves with 0 when they pass, with 1 on a regression, with 2 when it cannot tell.
    """
    from lesions.command_line.gate import run_gate  # imports DVC, which the other commands do without

    with one_paragraph_errors(exit_status=2):
        raise typer.Exit(run_gate(base, params, markdown=markdown, junit=junit))


@commands.command()
def preset(
    name: Annotated[str, typer.Argument(help="A file in presets/, without .yaml.")],
    root: Annotated[str | None, typer.Option(help="The dataset's folder; becomes dataset.root.")] = None,
    dataset: Annotated[
        str | None, typer.Option(help="Another dataset than the preset's; becomes dataset.names.")
    ] = None,
    params: Params = PARAMS,
) -> None:
    """Lay a preset over the parameter file; its comments stay, and `git diff` shows what changed."""
    path = PRESETS / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in PRESETS.glob("*.yaml")))
        raise InputError(f"there is no preset {name!r} in {PRESETS}/; known are {known}")
    overlay = read_parameters(path)
    if root is None and "root" not in overlay["dataset"]:
        raise InputError(f"the preset {name} needs the folder of {overlay['dataset']['names'][0]}: add --root FOLDER")
    # How another dataset is read, the parameters say already.
    section = overlay["dataset"] if dataset is None else {"names": [dataset]}
    overlay = overlay | {"dataset": section | ({} if root is None else {"root": root})}
    changed = lay_over(params, overlay)
    print(f"{params}: changed {', '.join(changed)}" if changed else f"{params}: already as {name} wants it")


@commands.command()
def timings() -> None:
    """Show how long each stage took when it last ran here."""
    files = sorted(TIMINGS.glob("*.json"), key=lambda file: file.stat().st_mtime)
    if not files:
        raise InputError(f"no stage has run here yet ({TIMINGS}/ is empty)")
    rows = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    table = Table(*(name.replace("_", " ") for name in rows[0]))
    for row in rows:
        table.add_row(*map(str, row.values()))
    Console().print(table)
