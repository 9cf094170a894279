"""The page, whose files are part of the package and are read once: no name that is asked for reaches the disk."""

from importlib.resources import files

from starlette.responses import Response

from lesions.service.refusal import Refusal

MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

INDEX = "index.html"


def read_page() -> dict[str, Response]:
    """Return the answer for each file of the page, by its name; none if the package has no page."""
    folder = files("lesions.service") / "page"
    if not folder.is_dir():
        return {}
    found = {file.name: file for file in folder.iterdir()}
    return {
        name: Response(file.read_bytes(), media_type=MEDIA_TYPES[suffix])
        for name, file in found.items()
        for suffix in MEDIA_TYPES
        if name.endswith(suffix)
    }


def find_page_file(page: dict[str, Response], name: str) -> Response:
    """Return the answer for a file of the page; raise Refusal if there is none of that name."""
    if name not in page:
        raise Refusal(404, "the page has no such file")
    return page[name]
