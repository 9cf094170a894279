"""`lesions search`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lesions.command_line.options import PARAMS, find_typed
from lesions.formats.printable import make_printable
from lesions.hardware.system import check_posix

if TYPE_CHECKING:
    from lesions.experiments.search.space import SearchSpace


def search(
    space: Annotated[Path, typer.Argument(help="The search: a YAML file (docs/search.md).", callback=find_typed)],
    storage: Annotated[
        str | None,
        typer.Option(envvar="LESIONS_SEARCH_STORAGE", help="The URL of a database; by default a file in .search/."),
    ] = None,
    report: Annotated[bool, typer.Option("--report", help="Run no trial; draw and describe those that ran.")] = False,
) -> None:
    """Search for better parameters: each trial is an experiment, and is judged on validation alone.

    The same command goes on where it was stopped; on a second machine with the same --storage, it takes part.
    """
    # These import Optuna and DVC; the other commands start without them.
    from lesions.experiments.search.report import write_report
    from lesions.experiments.search.space import read_space
    from lesions.experiments.search.study import find_storage

    read = read_space(space)
    url = find_storage(read, storage)
    if report:
        for sentence in write_report(read, space, url):
            print(make_printable(sentence))
    else:
        run_trials(read, space, url)


def run_trials(space: "SearchSpace", path: Path, storage: str) -> None:
    """Run the trials that the study lacks, after that of the workspace's parameters."""
    from lesions.experiments.search import search as searching
    from lesions.experiments.search.study import check_same_space, open_study
    from lesions.experiments.search.values import check_space, count_epochs
    from lesions.stage.run import exit_on_signals

    check_posix("lesions search")
    check_space(path, space, PARAMS, list_problems)
    exit_on_signals()
    num_epochs = count_epochs(PARAMS, space.settings.model)
    studies = [(open_study(storage, each, num_epochs=num_epochs), each) for each in (space.of_defaults, space)]
    for study, each in studies:
        check_same_space(study, each, path)
    for wait in (False, True):
        for study, each in studies:
            runner = searching.Runner(study, each, PARAMS, list_problems)
            searching.run_trials(study, each, runner, wait=wait)
    print(f"{space.settings.trials} trials have ended; `lesions search {path} --report` says what they show")


def list_problems(params: Path) -> list[str]:
    """Return what is wrong with a parameter file."""
    from lesions.preflight.check import check_parameters
    from lesions.preflight.findings import Findings

    findings = Findings()
    check_parameters(params, findings)
    return findings.problems
