"""`lesions plots`."""

from pathlib import Path
from typing import Annotated

import typer

from lesions.command_line.options import find_typed

PAGE = Path("report/plots.html")


def plots(
    before: Annotated[str, typer.Argument(help="A branch, a tag, a commit or an experiment.")],
    after: Annotated[str, typer.Argument(help="Another one; by default the files as they are now.")] = "workspace",
    page: Annotated[Path, typer.Option(help="Written: the page.", callback=find_typed)] = PAGE,
) -> None:
    """Draw the plots of two revisions into one page, which needs no network and no other file."""
    # These import DVC; the other commands start without it.
    from lesions.experiments.differences import name_some
    from lesions.experiments.plots import draw_plots, list_missing, write_page

    drawn = draw_plots(before, after)
    write_page(page, drawn, before=before, after=after)
    for revision, missing in list_missing(drawn).items():
        print(f"{revision} does not have {name_some(missing)}")
    print(f"{page}: {sum(bool(plot.pictures) for plot in drawn)} plots, {before} → {after}")
