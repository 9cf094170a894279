"""Render the report page, and embed its pictures so that it needs no other file."""

from base64 import b64encode
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from matplotlib.figure import Figure

from lesions.drawing.style import render_svg, spell


@dataclass(frozen=True)
class Picture:
    """An embedded picture of a plot.

    Attributes
    ----------
    heading
    source
        The picture as a `data:` URL.
    sentence
        Describes what the plot shows.
    """

    heading: str
    source: str
    sentence: str


def embed_figure(heading: str, figure: Figure, sentence: str) -> Picture:
    """Embed a figure as an SVG picture."""
    return Picture(heading, _embed(render_svg(figure).encode(), "image/svg+xml"), sentence)


def embed_png(content: bytes) -> str:
    """Return a PNG as a `data:` URL."""
    return _embed(content, "image/png")


def render_page(**content: Any) -> str:
    """Render the template; all content from the run is escaped."""
    loader = PackageLoader("lesions", "report")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters["spell"] = spell
    return environment.get_template("page.html.j2").render(content)


def _embed(content: bytes, kind: str) -> str:
    return f"data:{kind};base64,{b64encode(content).decode()}"
