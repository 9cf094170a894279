"""Drawing the plots of two revisions with DVC's templates, without a browser or a network."""

import mimetypes
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import vl_convert
from dvc.exceptions import DvcException
from dvc.render.match import RendererWithErrors, match_defs_renderers
from dvc.repo import Repo
from jinja2 import Environment, PackageLoader, StrictUndefined

from lesions.errors import InputError
from lesions.formats.atomic import write_text
from lesions.project.revisions import WORKSPACE, open_project, resolve_revision

GREY = "#88888866"

# Lines and words have the colour of the page's text; cells and bars keep theirs.
INK = "currentColor"
CONFIG = {
    # matplotlib brings this font. Where a browser lacks it, the others are no wider, so that no words overlap.
    "font": "DejaVu Sans, Verdana, sans-serif",
    "background": "transparent",
    "axis": {"labelColor": INK, "titleColor": INK, "domainColor": INK, "tickColor": INK, "gridColor": GREY},
    "legend": {"labelColor": INK, "titleColor": INK, "symbolBaseFillColor": INK, "symbolBaseStrokeColor": INK},
    "header": {"labelColor": INK, "titleColor": INK},
    "title": {"color": INK},
    "view": {"stroke": GREY},
    "text": {"color": INK},
    "rule": {"color": INK},
    "point": {"color": INK},
    "tick": {"color": INK},
}

FOLLOW_SCREEN = """<style>
svg { color: #1b1b1b }
@media screen and (prefers-color-scheme: dark) { svg { color: #e6e6e6 } }
</style>
"""


@dataclass(frozen=True)
class Plot:
    """A plot of two revisions.

    Attributes
    ----------
    path
        The file with its rows, or the picture.
    title
    pictures
        `data:` URLs: one for both revisions, or, where the plot is a picture, one for each by its name.
    missing
        The revisions that do not have it.
    """

    path: str
    title: str
    pictures: Mapping[str, str]
    missing: Sequence[str]


def draw_plots(before: str, after: str) -> list[Plot]:
    """Draw all plots that dvc.yaml declares at either revision, the rows of `before` first.

    Parameters
    ----------
    before, after
        A branch, a tag, a commit, an experiment, or `workspace`.

    Raises
    ------
    InputError
        If there is no such revision, if the two are the same, or if DVC cannot read the plots of one.
    """
    if before == after:
        raise InputError(f"{before} and {after} are the same revision; name two")
    revisions = (before, after)
    try:
        with open_project() as repo:
            for revision in revisions:
                if revision != WORKSPACE:
                    resolve_revision(repo, revision)
            return [_draw(renderer, revisions) for renderer in _read_renderers(repo, revisions)]
    except DvcException as error:
        raise InputError(f"DVC cannot read the plots: {error}") from error


def list_missing(plots: Sequence[Plot]) -> dict[str, list[str]]:
    """Return the paths of the missing plots for each revision that lacks some."""
    revisions = dict.fromkeys(revision for plot in plots for revision in plot.missing)
    return {revision: [plot.path for plot in plots if revision in plot.missing] for revision in revisions}


def write_page(path: Path, plots: Sequence[Plot], *, before: str, after: str) -> None:
    """Write one page with all plots, which needs no other file."""
    loader = PackageLoader("lesions", "experiments")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    template = environment.get_template("plots.html.j2")
    write_text(path, template.render(before=before, after=after, plots=plots))


def _read_renderers(repo: Repo, revisions: tuple[str, str]) -> Iterator[RendererWithErrors]:
    """Yield DVC's renderer of each plot, whose rows are in the order of the revisions."""
    read = repo.plots.show(revs=list(revisions))
    for revision in revisions:
        if error := read.get(revision, {}).get("definitions", {}).get("error"):
            raise InputError(f"the plots of {revision} cannot be read: {error}")
    in_order = {revision: read[revision] for revision in revisions if revision in read}
    yield from match_defs_renderers(in_order, templates_dir=repo.plots.templates_dir)


def _draw(matched: RendererWithErrors, revisions: Sequence[str]) -> Plot:
    """Draw one plot."""
    renderer = matched.renderer
    present = dict.fromkeys(row["rev"] for row in renderer.datapoints)
    if renderer.TYPE == "image":
        kind, _ = mimetypes.guess_type(renderer.name)
        pictures = {row["rev"]: row["src"].replace("data:image;", f"data:{kind};") for row in renderer.datapoints}
    else:
        pictures = {" → ".join(present): _draw_vega(renderer.get_filled_template())} if present else {}
    return Plot(
        path=renderer.name,
        title=renderer.properties.get("title") or renderer.name,
        pictures=pictures,
        missing=[revision for revision in revisions if revision not in present],
    )


def _draw_vega(spec: Mapping[str, Any]) -> str:
    """Return a Vega-Lite plot as an SVG that follows the screen's light or dark colours, as a `data:` URL."""
    vl_convert.register_font_directory(str(Path(matplotlib.get_data_path(), "fonts/ttf")))
    untitled = {key: value for key, value in spec.items() if key != "title"}  # the page has the title
    svg = vl_convert.vegalite_to_svg(untitled, config=CONFIG, allowed_base_urls=[])
    head, tag, rest = svg.partition(">")
    drawn = head + tag + FOLLOW_SCREEN + rest.replace('"#000000"', f'"{INK}"')
    return f"data:image/svg+xml;base64,{b64encode(drawn.encode()).decode()}"
