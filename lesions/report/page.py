"""Render the report page and its companions, and embed pictures so that the page needs no other file."""

import io
import re
from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from matplotlib.figure import Figure
from PIL import Image

from lesions.drawing.style import render_svg, spell
from lesions.formats.printable import escape_markdown

MAX_PHOTO_PX = 192
"""Longest side of an embedded photograph; a page with hundreds stays below 10 MB."""

WEBP_QUALITY = 80

LOADER = PackageLoader("lesions", "report")

BLOCK = re.compile(r"^(\d*)(?=[#>]|[-+.)](?:\s|$))")
"""The place before what begins a heading, a quotation or a list at the start of a line of Markdown."""


@dataclass(frozen=True)
class Picture:
    """An embedded picture of a plot.

    Attributes
    ----------
    heading
    source
        The picture as a `data:` URL.
    sentence
        Says what the plot shows, in numbers of the run.
    alt
        Says what is seen: the axes and the marks.
    """

    heading: str
    source: str
    sentence: str
    alt: str


def embed_figure(heading: str, figure: Figure, sentence: str, *, alt: str) -> Picture:
    """Embed a figure as an SVG picture."""
    return Picture(heading, _embed(render_svg(figure).encode(), "image/svg+xml"), sentence, f"Plot. {alt}")


def embed_photo(path: Path, *, longest_px: int | None = MAX_PHOTO_PX) -> str:
    """Return a picture file as a `data:` URL, no larger than needed; what is transparent stays so."""
    with Image.open(path) as image:
        if longest_px:
            image.thumbnail((longest_px, longest_px))
        content = io.BytesIO()
        image.save(content, "WEBP", quality=WEBP_QUALITY, method=4)
    return _embed(content.getvalue(), "image/webp")


def render_page(**content: Any) -> str:
    """Render the template of the page; all content from the run is escaped, and no script but the page's own runs."""
    environment = Environment(
        loader=LOADER, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["spell"] = spell
    script = environment.get_template("script.js.j2").render()
    style = environment.get_template("style.css.j2").render()
    allowed = b64encode(sha256(script.encode()).digest()).decode()
    page = environment.get_template("page.html.j2")
    return page.render(content, script=script, style=style, script_sha256=allowed)


def render_markdown(template: str, **content: Any) -> str:
    """Render a template of Markdown; what comes from the run can start neither a tag nor a cell nor a line."""
    environment = Environment(  # noqa: S701 (`_escape_markdown` escapes instead)
        loader=LOADER,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_escape_markdown,
    )
    return environment.get_template(template).render(content)


def _escape_markdown(value: Any) -> Any:
    """Return a text on one line, without what means something in Markdown, also at its start; JSON stays as it is."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return BLOCK.sub(r"\1\\", escape_markdown(" ".join(value.split())))


def _embed(content: bytes, kind: str) -> str:
    return f"data:{kind};base64,{b64encode(content).decode()}"
