"""`lesions check`."""

from typing import TYPE_CHECKING

from rich.console import Console

from lesions.command_line.options import PARAMS, ParamsOption

if TYPE_CHECKING:
    from lesions.preflight.findings import Findings


def check(params: ParamsOption = PARAMS) -> None:
    """Check every parameter, the datasets, and the disk and memory that a run needs; say which stages will rerun."""
    from lesions.preflight.check import check_run  # imports torch; the other commands start without it

    findings = check_run(params)
    print_findings(findings)
    findings.raise_problems()


def print_findings(findings: "Findings") -> None:
    """Print the doubts, then what a run will use."""
    # Lines are left whole, because some are to be pasted into params.yaml.
    console = Console(soft_wrap=True)
    for doubt in findings.doubts:
        console.print(f"doubt: {doubt}", style="yellow", markup=False, highlight=False)
    width = max(len(what) for what, how_much in findings.rows.items() if "\n" not in how_much)
    for what, how_much in findings.rows.items():
        lines = how_much.split("\n")
        spelled = "\n  ".join([what, *lines]) if len(lines) > 1 else f"{what:{width}}  {how_much}"
        console.print(spelled, markup=False, highlight=False)
