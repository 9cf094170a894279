"""The page that shows what was found of new images."""

from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from lesions.drawing.style import render_svg
from lesions.drift.findings import Findings, describe_findings
from lesions.drift.image_set import EMBEDDING, PROPERTIES
from lesions.drift.pictures import plot_property
from lesions.formats.atomic import write_text

MOST_REFUSED = 100
"""Refused files that the page lists; the JSON file has all."""


def write_page(path: Path, findings: Findings) -> None:
    """Write one page, which needs no other file and loads nothing."""
    loader = PackageLoader("lesions", "drift")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    template = environment.get_template("drift.html.j2")
    ordered = sorted(findings.differences.items(), key=lambda item: (not item[1].is_found, -item[1].distance))
    rows = [
        {
            "name": name,
            "words": PROPERTIES[name],
            "difference": difference,
            "summary": findings.summarise(name),
            "picture": Markup(render_svg(plot_property(findings, name))),  # noqa: S704, drawn here
        }
        for name, difference in ordered
    ]
    page = template.render(
        sentences=list(describe_findings(findings)),
        is_found=bool(findings.found),
        rows=rows,
        embedding=EMBEDDING,
        unlike=findings.list_unlike(),
        num_refused=len(findings.new.refused),
        refused=list(findings.new.refused.items())[:MOST_REFUSED],
    )
    write_text(path, page)
